// Tables of calls, whose first row names the columns.
import {idFields, textFields} from './fields.js';
import {Problem} from './problem.js';

// findColumns tells which columns hold texts and the id (-1: none). It doesn't
// care for case or for space around a name.
export function findColumns(header) {
  const names = header.map((name) => name.trim().toLowerCase());
  const find = (fields) => fields.map((field) => names.indexOf(field)).filter((i) => i >= 0);
  return {texts: find(textFields), id: find(idFields)[0] ?? -1};
}

// firstLine is the first line that isn't blank.
export const firstLine = (content) => /\S.*/.exec(content)?.[0] ?? '';

// namesIn are the cells of a line, if it can be a table's first row.
export function namesIn(line, separator) {
  try {
    return parseTable(line, separator)[0] ?? [];
  } catch {
    return [];
  }
}

// separatorOf tells what separates a table's cells by its first row, whatever the
// file is called: where a comma is the decimal point, spreadsheets write semicolons.
export function separatorOf(line, named) {
  return [named, ',', ';', '\t'].find((separator) => findColumns(namesIn(line, separator)).texts.length > 0) ?? named;
}

// parseTable reads rows of cells between separators, as Python's csv does (and
// internal/table): a cell that begins with a quotation mark ends with one,
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
