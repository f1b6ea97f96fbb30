// From a file's bytes to its text.
import {Problem} from './problem.js';

// decode returns {text, note}. note is a Problem to tell the user where the
// bytes aren't UTF-8. If most of the letters beyond ASCII aren't, they are taken
// for Windows-1252, which Latin-1 is a part of; otherwise the file is damaged, and
// what isn't UTF-8 becomes U+FFFD.
export function decode(bytes, name) {
  try {
    return {text: new TextDecoder('utf-8', {fatal: true}).decode(bytes), note: null};
  } catch {
    const repaired = new TextDecoder('utf-8').decode(bytes);
    const latin1 = new TextDecoder('windows-1252').decode(bytes);
    const written = count(latin1, /\xef\xbf\xbd/g); // U+FFFD that stands in the file, as UTF-8
    const wrong = count(repaired, /\ufffd/g) - written;
    const right = count(repaired, /[^\x00-\x7f\ufffd]/gu) + written;
    if (wrong > right) return {text: latin1, note: new Problem('latin1', {name})};
    return {text: repaired, note: new Problem('damagedText', {name})};
  }
}

// count is how often pattern is found, without a list of all that is found.
function count(text, pattern) {
  let n = 0;
  while (pattern.exec(text) !== null) n++;
  return n;
}
