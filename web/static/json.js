// JSON as Python writes it, with numbers as they are written: JavaScript's own
// have 53 bits, and an id may have more.

// WrittenNumber is a number as it is written. It has no fields of its own, which
// could be taken for those of a record.
class WrittenNumber {
  #digits;

  constructor(digits) {
    this.#digits = digits;
  }

  get digits() {
    return this.#digits;
  }
}

// While a content is parsed, its numbers are strings too. The first character
// tells which of them was which.
const NUMBER = '#';
const STRING = '=';

// parse is JSON.parse, but for two things: a number becomes a value that
// numberOf knows, and NaN, Infinity and -Infinity are null.
export const parse = (content) => JSON.parse(plain(content), (name, value) => {
  if (typeof value !== 'string') return value;
  return value[0] === NUMBER ? new WrittenNumber(value.slice(1)) : value.slice(1);
});

// numberOf is a parsed number as it is written, or undefined of other values.
export const numberOf = (value) => (value instanceof WrittenNumber ? value.digits : undefined);

// isJSON tells whether all of a content is one value.
export function isJSON(content) {
  try {
    parse(content);
    return true;
  } catch {
    return false;
  }
}

// withID is JSON.stringify of an object behind an id that is a number, as written.
export function withID(digits, object, space) {
  return JSON.stringify({id: 0, ...object}, null, space).replace('0', () => digits); // the first 0 is the id
}

const token = /"|-?Infinity|NaN|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const colon = /[ \t\r\n]*:/y;

// plain marks strings, and makes strings of the numbers outside of them. Names
// stay. What is no JSON stays none.
function plain(content) {
  const parts = [];
  let at = 0;
  token.lastIndex = 0;
  for (let found = token.exec(content); found !== null; found = token.exec(content)) {
    const [text] = found;
    const isString = text === '"';
    if (isString) token.lastIndex = endOfString(content, token.lastIndex);
    colon.lastIndex = token.lastIndex;
    if (colon.test(content)) continue; // a name, which is no value
    parts.push(content.slice(at, found.index), standIn(text));
    at = isString ? found.index + 1 : token.lastIndex;
  }
  parts.push(content.slice(at));
  return parts.join('');
}

function standIn(text) {
  if (text === '"') return `"${STRING}`;
  return text.endsWith('y') || text === 'NaN' ? 'null' : `"${NUMBER}${text}"`;
}

function endOfString(content, from) {
  for (let end = content.indexOf('"', from); end >= 0; end = content.indexOf('"', end + 1)) {
    let first = end;
    while (first > from && content[first - 1] === '\\') first--;
    if ((end - first) % 2 === 0) return end + 1;
  }
  return content.length;
}
