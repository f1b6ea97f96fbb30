// Files of calls, as cmd/infer reads them.
import {Problem} from './problem.js';

// maxBytes is how large a file may be. A .txt file goes into the text field,
// which more would make slow.
export const maxBytes = (name) => (/\.txt$/i.test(name) ? 1 : 16) * 1024 * 1024;
export const MAX_CALLS = 2000;

const textFields = ['text', 'narrative'];
const idFields = ['id', 'uniqueid', 'sample_id'];

// readCalls returns the calls in a file: [{id, text}]. A .txt file is one call.
export function readCalls(name, content) {
  content = content.replace(/^\uFEFF/, '');
  if (content.includes('\0')) throw new Problem('notText', {name});
  const kind = /\.(txt|jsonl|ndjson|json|csv)$/i.exec(name)?.[1].toLowerCase();
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
      calls = fromCSV(content);
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
  const blank = calls.findIndex((call) => call.text.trim() === '');
  if (blank >= 0) throw new Problem('emptyCall', {n: blank + 1});
  return calls;
}

function fromJSONL(content) {
  const calls = [];
  content.split('\n').forEach((line, i) => {
    if (line.trim() !== '') calls.push(fromObject(parse(line, 'badLine', i + 1), 'badLine', i + 1));
  });
  return calls;
}

function fromJSON(content) {
  const value = parse(content, 'badJSON', 1);
  const list = Array.isArray(value) ? value : [value];
  return list.map((object, i) => fromObject(object, 'badRecord', i + 1));
}

// The parser's own message may quote the text, so it is left away.
function parse(content, key, n) {
  try {
    return JSON.parse(content);
  } catch {
    throw new Problem(key, {n});
  }
}

function fromObject(object, key, n) {
  const own = (names, types) => names.find((name) => object !== null && Object.hasOwn(Object(object), name) && types.includes(typeof object[name]));
  const text = own(textFields, ['string']);
  if (text === undefined) throw new Problem(key === 'badLine' ? 'noTextLine' : 'noTextRecord', {n});
  const id = own(idFields, ['string', 'number']);
  return {id: id === undefined ? '' : String(object[id]), text: object[text]};
}

function fromCSV(content) {
  const [header, ...rows] = parseCSV(content);
  const names = (header ?? []).map((name) => name.trim());
  const column = (list) => names.indexOf(list.find((name) => names.includes(name)));
  const text = column(textFields);
  if (text < 0) throw new Problem('noTextColumn');
  const id = column(idFields);
  return rows.map((row, i) => {
    if (row.length !== names.length) throw new Problem('badRow', {n: i + 2, got: row.length, want: names.length});
    return {id: id < 0 ? '' : row[id], text: row[text]};
  });
}

// parseCSV reads RFC 4180: cells between commas, quoted where they hold commas,
// quotes or line breaks. Blank lines are passed over.
export function parseCSV(content) {
  const rows = [];
  let row = [];
  let at = 0;
  while (at < content.length) {
    let cell;
    if (content[at] === '"') {
      [cell, at] = quoted(content, at + 1, rows.length + 1);
    } else {
      let end = at;
      while (end < content.length && !',\r\n'.includes(content[end])) end++;
      cell = content.slice(at, end);
      at = end;
    }
    row.push(cell);
    const mark = content[at];
    if (mark === ',') {
      at++;
      if (at === content.length) row.push('');
      continue;
    }
    at += content.startsWith('\r\n', at) ? 2 : 1;
    if (mark !== undefined && mark !== '\n' && mark !== '\r') throw new Problem('badQuote', {n: rows.length + 1});
    if (row.length > 1 || row[0] !== '') rows.push(row);
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
