// What kind of file it is.
import {isJSON} from './json.js';
import {Problem} from './problem.js';
import {findColumns, firstLine, namesIn} from './table.js';

const kinds = {jsonl: 'jsonl', ndjson: 'jsonl', json: 'json', csv: 'csv', tsv: 'tsv', tab: 'tsv'};

// kindOf is 'jsonl', 'json', 'csv' or 'tsv', for files of calls, or 'text' for a
// single call. A .txt file is what its first line says, as in cmd/infer: Excel
// calls a table separated by tabs so.
export function kindOf(name, content) {
  if (content.includes('\0')) throw new Problem('notText', {name});
  const extension = /\.([a-z]+)$/i.exec(name)?.[1].toLowerCase();
  if (extension === 'txt') return kindOfText(content);
  if (!Object.hasOwn(kinds, extension ?? '')) throw new Problem('unknownFile', {name});
  return kinds[extension];
}

function kindOfText(content) {
  const line = firstLine(content).trim();
  if (/^\{\s*(["}]|$)/.test(line)) return isJSON(line) || !isJSON(content) ? 'jsonl' : 'json';
  if (/^\[\s*(\{|\]?$)/.test(line)) return 'json'; // not "[00:01] Hello"
  return kindOfTable(line) ?? 'text';
}

// kindOfTable tells the first row of a table of calls. Unlike a sentence it has no
// space after its commas. One without a column for the text is told too, whose
// reader complains: a header is no call.
function kindOfTable(line) {
  const separator = ['\t', ',', ';', '|'].find((mark) => {
    const names = namesIn(line, mark);
    const isPadded = names.some((name) => name !== name.trim());
    return !isPadded && (findColumns(names).texts.length > 0 || looksLikeHeader(names, mark));
  });
  if (separator === undefined) return undefined;
  return separator === '\t' ? 'tsv' : 'csv';
}

const columnName = /^[\p{L}_][\p{L}\p{M}\p{N}_]*([ .-][\p{L}\p{N}_]+){0,2}$/u;

// looksLikeHeader tells names of columns from somebody's words: between tabs, or
// with a call's id among them.
function looksLikeHeader(names, separator) {
  return names.length > 1 && names.every((name) => columnName.test(name)) && (separator === '\t' || findColumns(names).id >= 0);
}
