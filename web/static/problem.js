// A Problem is something that the user is told: the key of a text in en.js and
// sw.js, and the values in it. It never holds a transcript.
export class Problem extends Error {
  constructor(key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}
