// Files of calls, as cmd/infer reads them.
import {idFields, textFields} from './fields.js';
import {isJSON, numberOf, parse} from './json.js';
import {Problem} from './problem.js';
import {findColumns, firstLine, parseTable, separatorOf} from './table.js';

const LARGEST = 16; // MB that a file may have
const LARGEST_TEXT = 1; // of one that goes into the text field, which more would make slow
export const MAX_CALLS = 2000;

// checkSize throws a Problem if a file is too large; kind is undefined where it
// isn't known yet.
export function checkSize(name, bytes, kind) {
  const most = kind === 'text' ? LARGEST_TEXT : LARGEST;
  if (bytes > most * 1024 * 1024) throw new Problem('tooBig', {name, most});
}

// readCalls returns the calls in a file of a kind that kindOf knows: [{id,
// numeric, text, problem}], numeric telling an id that is a number in JSON,
// problem a call that can't be read, where others can.
export function readCalls(name, content, kind) {
  return checked(readers[kind](content), name);
}

const readers = {
  jsonl: fromJSONL,
  json: fromJSON,
  csv: (content) => fromTable(content, ','),
  tsv: (content) => fromTable(content, '\t'),
  text: (content) => (content.trim() === '' ? [] : [{id: '', text: content}]),
};

// fromLines takes each line that isn't blank for a call.
export function fromLines(content) {
  const calls = content.split(/\r?\n/).filter((line) => line.trim() !== '').map((text) => ({id: '', text}));
  return checked(calls, '');
}

function checked(calls, name) {
  if (calls.length === 0) throw new Problem('noCalls', {name});
  if (calls.length > MAX_CALLS) throw new Problem('manyCalls', {n: calls.length, most: MAX_CALLS});
  for (const call of calls) {
    if (!call.problem && call.text.trim() === '') call.problem = new Problem('emptyCall');
  }
  if (calls.every((call) => call.problem)) throw calls.find((call) => !isEmpty(call))?.problem ?? new Problem('onlyEmptyCalls', {name});
  return calls;
}

// notesOf are Problems that tell which of a file's calls can't be read.
export function notesOf(calls, name) {
  const empty = calls.filter(isEmpty);
  const bad = calls.filter((call) => call.problem && !isEmpty(call));
  return [
    empty.length > 0 && new Problem('emptyCalls', {name, n: empty.length}),
    bad.length > 0 && new Problem('badCalls', {name, n: bad.length, problem: bad[0].problem}),
  ].filter(Boolean);
}

const isEmpty = (call) => call.problem?.key === 'emptyCall';

function fromJSONL(content) {
  const calls = [];
  content.split('\n').forEach((line, i) => {
    if (line.trim() !== '') calls.push(fromLine(line, i + 1));
  });
  return calls;
}

// The parser's own message may quote the text, so it is left away.
function fromLine(line, n) {
  let object;
  try {
    object = parse(line);
  } catch {
    return unreadable('', new Problem('badLine', {n}));
  }
  return fromObject(object, 'noTextLine', 'oddTextLine', n);
}

// fromJSON reads an array of objects, one object, or an object a line.
function fromJSON(content) {
  let value;
  try {
    value = parse(content);
  } catch {
    const line = firstLine(content);
    if (line.startsWith('{') && isJSON(line)) return fromJSONL(content);
    throw new Problem('badJSON');
  }
  const list = Array.isArray(value) ? value : [value];
  return list.map((object, i) => fromObject(object, 'noTextRecord', 'oddTextRecord', i + 1));
}

const unreadable = (id, problem) => ({id, text: '', problem});

// fromObject takes a call out of record n. Its text is the first field that isn't
// blank; null is as blank as "".
function fromObject(object, noText, oddText, n) {
  const valuesOf = (names) => names.filter((name) => object !== null && Object.hasOwn(Object(object), name)).map((name) => object[name]);
  const id = valuesOf(idFields).find((value) => typeof value === 'string' || numberOf(value) !== undefined) ?? '';
  const texts = valuesOf(textFields).map((value) => value ?? '');
  const text = texts.find((value) => typeof value !== 'string' || value.trim() !== '') ?? '';
  const call = {id: numberOf(id) ?? id, numeric: numberOf(id) !== undefined, text: ''};
  if (texts.length === 0) return {...call, problem: new Problem(noText, {n})};
  if (typeof text !== 'string') return {...call, problem: new Problem(oddText, {n})};
  return {...call, text};
}

function fromTable(content, named) {
  const [header, ...rows] = parseTable(content, separatorOf(firstLine(content), named));
  const columns = findColumns(header ?? []);
  if (columns.texts.length === 0) throw new Problem('noTextColumn');
  return rows.map((row, i) => {
    const id = columns.id < 0 ? '' : (row[columns.id] ?? '');
    if (row.length !== header.length) return unreadable(id, new Problem('badRow', {n: i + 2, got: row.length, want: header.length}));
    return {id, text: columns.texts.map((column) => row[column]).find((text) => text.trim() !== '') ?? ''};
  });
}
