// Files of calls, as cmd/infer reads them.
import {numberOf, parse} from './json.js';
import {Problem} from './problem.js';

// maxBytes is how large a file may be. A .txt file goes into the text field,
// which more would make slow.
export const maxBytes = (name) => (/\.txt$/i.test(name) ? 1 : 16) * 1024 * 1024;
export const MAX_CALLS = 2000;

const textFields = ['text', 'narrative'];
const idFields = ['id', 'uniqueid', 'sample_id'];

// readCalls returns the calls in a file: [{id, numeric, text, problem}], numeric
// telling an id that is a number in JSON, problem a call that is empty. A .txt
// file is one call.
export function readCalls(name, content) {
  if (content.includes('\0')) throw new Problem('notText', {name});
  const kind = /\.(txt|jsonl|ndjson|json|csv|tsv|tab)$/i.exec(name)?.[1].toLowerCase();
  let calls;
  switch (kind) {
    case 'jsonl':
    case 'ndjson':
      calls = fromJSONL(content);
      break;
    case 'json':
      calls = fromJSON(content);
      break;
    case 'csv':
      calls = fromTable(content, ',');
      break;
    case 'tsv':
    case 'tab':
      calls = fromTable(content, '\t');
      break;
    case 'txt':
      calls = content.trim() === '' ? [] : [{id: '', text: content}];
      break;
    default:
      throw new Problem('unknownFile', {name});
  }
  return checked(calls, name);
}

// fromLines takes each line that isn't blank for a call.
export function fromLines(content) {
  const calls = content.split(/\r?\n/).filter((line) => line.trim() !== '').map((text) => ({id: '', text}));
  return checked(calls, '');
}

function checked(calls, name) {
  if (calls.length === 0) throw new Problem('noCalls', {name});
  if (calls.length > MAX_CALLS) throw new Problem('manyCalls', {n: calls.length, most: MAX_CALLS});
  const blank = calls.filter((call) => call.text.trim() === '');
  if (blank.length === calls.length) throw new Problem('onlyEmptyCalls', {name});
  for (const call of blank) call.problem = new Problem('emptyCall');
  return calls;
}

function fromJSONL(content) {
  const calls = [];
  content.split('\n').forEach((line, i) => {
    if (line.trim() !== '') calls.push(fromObject(valueOf(line, 'badLine', i + 1), 'badLine', i + 1));
  });
  return calls;
}

function fromJSON(content) {
  const value = valueOf(content, 'badJSON', 1);
  const list = Array.isArray(value) ? value : [value];
  return list.map((object, i) => fromObject(object, 'badRecord', i + 1));
}

// The parser's own message may quote the text, so it is left away.
function valueOf(content, key, n) {
  try {
    return parse(content);
  } catch {
    throw new Problem(key, {n});
  }
}

// A text that is null is an empty one.
function fromObject(object, key, n) {
  const first = (names, fits) => names.filter((name) => object !== null && Object.hasOwn(Object(object), name)).map((name) => object[name]).find(fits);
  const text = first(textFields, (value) => typeof value === 'string' && numberOf(value) === undefined) ?? first(textFields, (value) => value === null);
  if (text === undefined) throw new Problem(key === 'badLine' ? 'noTextLine' : 'noTextRecord', {n});
  const id = first(idFields, (value) => typeof value === 'string') ?? '';
  return {id: numberOf(id) ?? id, numeric: numberOf(id) !== undefined, text: text ?? ''};
}

function fromTable(content, separator) {
  const [header, ...rows] = parseTable(content, separator);
  const names = (header ?? []).map((name) => name.trim().toLowerCase());
  const column = (list) => names.indexOf(list.find((name) => names.includes(name)));
  const text = column(textFields);
  if (text < 0) throw new Problem('noTextColumn');
  const id = column(idFields);
  return rows.map((row, i) => {
    if (row.length !== names.length) throw new Problem('badRow', {n: i + 2, got: row.length, want: names.length});
    return {id: id < 0 ? '' : row[id], text: row[text]};
  });
}

// parseTable reads rows of cells between commas or tabs, as Python's csv does
// (and internal/table): a cell that begins with a quotation mark ends with one,
// and keeps its line breaks as they are. Empty lines are passed over.
export function parseTable(content, separator) {
  const rows = [];
  let row = [];
  let at = 0;
  while (at < content.length) {
    let cell;
    const isQuoted = content[at] === '"';
    if (isQuoted) {
      [cell, at] = quoted(content, at + 1, rows.length + 1);
    } else {
      let end = at;
      while (end < content.length && content[end] !== separator && content[end] !== '\r' && content[end] !== '\n') end++;
      cell = content.slice(at, end);
      at = end;
    }
    row.push(cell);
    const mark = content[at];
    if (mark === separator) {
      at++;
      if (at === content.length) row.push('');
      continue;
    }
    at += content.startsWith('\r\n', at) ? 2 : 1;
    if (mark !== undefined && mark !== '\n' && mark !== '\r') throw new Problem('badQuote', {n: rows.length + 1});
    if (row.length > 1 || row[0] !== '' || isQuoted) rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

function quoted(content, at, n) {
  let cell = '';
  for (;;) {
    const end = content.indexOf('"', at);
    if (end < 0) throw new Problem('badQuote', {n});
    cell += content.slice(at, end);
    if (content[end + 1] !== '"') return [cell, end + 1];
    cell += '"';
    at = end + 2;
  }
}
