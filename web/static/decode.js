// From a file's bytes to its text.
import {Problem} from './problem.js';

// decode returns {text, note}. note is a Problem to tell the user where the
// bytes aren't UTF-8. If none of the letters beyond ASCII are UTF-8, they are
// taken for Windows-1252, which Latin-1 is a part of; otherwise the file is
// damaged, and what isn't UTF-8 becomes U+FFFD.
export function decode(bytes, name) {
  try {
    return {text: new TextDecoder('utf-8', {fatal: true}).decode(bytes), note: null};
  } catch {
    const repaired = new TextDecoder('utf-8').decode(bytes);
    if (/[^\x00-\x7f\ufffd]/.test(repaired)) return {text: repaired, note: new Problem('damagedText', {name})};
    return {text: new TextDecoder('windows-1252').decode(bytes), note: new Problem('latin1', {name})};
  }
}
