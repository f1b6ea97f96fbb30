// The turns of a call, and what of a weight falls on each.

// A speaker's label stands before a turn: "Counselor:", "Mpigaji simu:", "Speaker 1:",
// "SPEAKER_00:", "[CALLER]".
const LABEL = /(?<=^|\s)(?:\[\p{Lu}[\p{Lu}\d _-]{0,24}\]|\p{Lu}[\p{L}\p{M}\d_’'-]{1,19}(?: [\p{L}\p{M}\d_’'-]{1,19})?:)(?=\s)/gu;

// turnsOf cuts a text into its turns: lines, and within a line what follows a speaker's
// label that the text has more than once. A text with neither has its sentences instead.
// They are {start, end} in code points, in order, without white space around them.
export function turnsOf(text) {
  const labels = [...text.matchAll(LABEL)];
  const counts = {};
  for (const [label] of labels) counts[label] = (counts[label] ?? 0) + 1;
  const starts = [...text.matchAll(/\n/g)].map((match) => match.index + 1);
  starts.push(...labels.filter((match) => counts[match[0]] > 1).map((match) => match.index));
  const turns = parts(text, starts);
  return turns.length > 1 ? turns : parts(text, [...text.matchAll(/(?<=[.!?…])\s/gu)].map((match) => match.index + 1));
}

// parts cuts a text at UTF-16 units.
function parts(text, starts) {
  const borders = [...new Set([0, ...starts, text.length])].sort((a, b) => a - b);
  const list = [];
  let points = 0; // code points before the part
  for (let i = 0; i + 1 < borders.length; i++) {
    const part = text.slice(borders[i], borders[i + 1]);
    const length = [...part].length;
    const before = [...part.slice(0, part.length - part.trimStart().length)].length;
    const trimmed = [...part.trim()].length;
    if (trimmed > 0) list.push({start: points + before, end: points + before + trimmed});
    points += length;
  }
  return list;
}

// weighTurns adds up the weights of the words in each turn: {start, end, number, weight},
// the turn's number being from 1. Turns and words are in order.
export function weighTurns(turns, words) {
  const list = turns.map((turn, i) => ({...turn, number: i + 1, weight: 0}));
  let at = 0;
  for (const {start, weight} of words) {
    while (at < list.length && list[at].end <= start) at++;
    if (at < list.length && list[at].start <= start) list[at].weight += weight;
  }
  return list;
}
