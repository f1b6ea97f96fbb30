// Files that were chosen or dropped, as calls.
import {MAX_CALLS, checkSize, notesOf, readCalls} from './calls.js';
import {decode} from './decode.js';
import {kindOf} from './kind.js';
import {Problem} from './problem.js';

// readFiles returns {calls, notes, content}: the calls of all files, one file
// after the other, and Problems that keep nothing else from being read. Of
// several files one that can't be read is such; of a single one it is thrown.
// content is the text of a single file that is one call; of several such files
// each call's id is its file's name.
export async function readFiles(files) {
  const calls = [];
  const notes = [];
  let content;
  for (const file of files) {
    try {
      const read = await readFile(file);
      if (files.length === 1 && read.isText) content = read.content;
      if (files.length > 1 && read.isText) read.calls[0].id = file.name;
      calls.push(...read.calls);
      notes.push(...read.notes);
    } catch (problem) {
      if (!(problem instanceof Problem) || files.length === 1) throw problem;
      notes.push(problem.values.name === undefined ? new Problem('inFile', {name: file.name, problem}) : new Problem('passedOver', {problem}));
    }
  }
  if (calls.length > MAX_CALLS) throw new Problem('manyInAll', {n: calls.length, most: MAX_CALLS});
  return {calls, notes, content};
}

async function readFile(file) {
  const {name} = file;
  checkSize(name, file.size);
  const bytes = await file.arrayBuffer().catch(() => {
    throw new Problem('notReadable', {name});
  });
  const {text, note} = decode(bytes, name);
  const kind = kindOf(name, text);
  checkSize(name, file.size, kind);
  const calls = readCalls(name, text, kind);
  return {calls, notes: [...(note ? [note] : []), ...notesOf(calls, name)], content: text, isText: kind === 'text'};
}
