// JSON as Python writes it, with numbers as they are written: JavaScript's own
// have 53 bits, and an id may have more.

const NUMBER = '\uE000'; // begins the string that stands for a number; no program writes it

// parse is JSON.parse, but for two things: a number becomes a string that
// numberOf knows, and NaN, Infinity and -Infinity are null.
export const parse = (content) => JSON.parse(plain(content));

// numberOf is a parsed number as it is written, or undefined of other values.
export const numberOf = (value) => (typeof value === 'string' && value.startsWith(NUMBER) ? value.slice(1) : undefined);

// withNumber is JSON.stringify of an object, with its field's string as a number.
export function withNumber(object, field, space) {
  const marked = JSON.stringify({...object, [field]: NUMBER + object[field]}, null, space);
  return marked.replace(JSON.stringify(NUMBER + object[field]), () => object[field]);
}

const token = /"|-?Infinity|NaN|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

// plain rewrites the numbers outside of strings. What is no JSON stays none.
function plain(content) {
  const parts = [];
  let at = 0;
  token.lastIndex = 0;
  for (let found = token.exec(content); found !== null; found = token.exec(content)) {
    const [text] = found;
    if (text === '"') {
      token.lastIndex = endOfString(content, token.lastIndex);
      continue;
    }
    if (/^\s*:/.test(content.slice(token.lastIndex, token.lastIndex + 20))) continue; // a name must be a string
    parts.push(content.slice(at, found.index), text.endsWith('y') || text === 'NaN' ? 'null' : `"${NUMBER}${text}"`);
    at = token.lastIndex;
  }
  parts.push(content.slice(at));
  return parts.join('');
}

function endOfString(content, from) {
  for (let end = content.indexOf('"', from); end >= 0; end = content.indexOf('"', end + 1)) {
    let first = end;
    while (first > from && content[first - 1] === '\\') first--;
    if ((end - first) % 2 === 0) return end + 1;
  }
  return content.length;
}
