// Files to take away: JSON and CSV as cmd/infer writes them.
import {withID} from './json.js';
import {criterionInEnglish} from './words.js';
import {classesOf, entitiesOf, flagsOf} from './prediction.js';

// toJSON holds the server's answers, with the hash of the model that gave them. With a threshold of the user's own the
// criteria follow it, and it is named. What the model looked at is known of all calls,
// or is left away.
export function toJSON(calls, threshold, {attention}) {
  const done = calls.filter((call) => call.prediction);
  const list = done.map((call) => {
    const object = {...(call.id === '' || call.numeric ? {} : {id: call.id}), ...call.prediction};
    if (!attention) {
      delete object.attention;
      delete object.label_attention;
    }
    if (call.model) object.model = call.model;
    if (threshold === null) return object;
    object.qa_threshold = threshold;
    for (const {task, groups} of flagsOf(call.prediction, threshold)) {
      if (task === '') object.qa = fields(groups, (flags) => flags.map((flag) => Number(flag.met)));
      else object.tasks = {...object.tasks, [task]: fields(groups, (flags) => Object.fromEntries(flags.map((flag) => [flag.name, Number(flag.met)])))};
    }
    return object;
  });
  const texts = list.map((object, i) => (done[i].numeric ? withID(done[i].id, object, 1) : JSON.stringify(object, null, 1)));
  return (texts.length === 1 ? texts[0] : `[\n${texts.join(',\n')}\n]`) + '\n';
}

const fields = (groups, values) => Object.fromEntries(groups.map((group) => [group.field, values(group.flags)]));

// toCSV has a row a call: classes, yes/no outputs with their probabilities, and
// a column for each kind of entity that was found; the last two have the model's hash,
// and say whether the call's end wasn't read. It begins with a byte order mark, by which spreadsheets
// know UTF-8.
export function toCSV(calls, threshold) {
  const columns = [new Map(), new Map(), new Map()]; // classes, flags, entities: name → {row: cell}
  const set = (part, name, row, cell) => {
    if (!columns[part].has(name)) columns[part].set(name, {});
    columns[part].get(name)[row] = cell;
  };
  const done = calls.filter((call) => call.prediction);
  done.forEach(({prediction}, row) => {
    const full = (task, name) => (task === '' ? name : `${task}.${name}`);
    for (const {task, heads} of classesOf(prediction)) {
      for (const {field, value, scores} of heads) {
        set(0, full(task, field), row, value);
        set(0, `${full(task, field)} (probability)`, row, number(scores[value]));
      }
    }
    for (const {task, groups} of flagsOf(prediction, threshold)) {
      for (const {field, flags} of groups) {
        flags.forEach((flag, i) => {
          const name = full(task, `${field}: ${flag.name ?? criterionInEnglish(field, i)}`);
          set(1, name, row, String(Number(flag.met)));
          set(1, `${name} (probability)`, row, number(flag.score));
        });
      }
    }
    for (const {task, entities} of entitiesOf(prediction)) {
      for (const label of new Set(entities.map((entity) => entity.label))) {
        set(2, full(task === '' && label === 'truncated' ? 'ner' : task, label), row, entities.filter((entity) => entity.label === label).map((entity) => entity.text).join('; '));
      }
    }
  });
  const all = columns.flatMap((part) => [...part]);
  const rows = [['id', ...all.map(([name]) => name), 'model', 'truncated'],
    ...done.map((call, row) => [call.id, ...all.map(([, cells]) => cells[row] ?? ''), call.model ?? '', String(Number(call.prediction.truncated === true))])];
  return '\uFEFF' + rows.map((row) => row.map(cell).join(',') + '\n').join('');
}

const number = (value) => (value === undefined ? '' : value.toFixed(4));

// cell quotes what needs quotes, and keeps a spreadsheet from taking a text for
// a formula by an apostrophe in front. Numbers, those of phones among them, stay.
function cell(text) {
  if (/^[=+\-@\t\r]/.test(text) && !/^[+-][0-9 ().-]*$/.test(text)) text = "'" + text;
  return /[",\r\n]/.test(text) || /^\s/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// download hands a file to the user.
export function download(name, type, content) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], {type}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
