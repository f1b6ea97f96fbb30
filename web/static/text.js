// The server counts Unicode code points; JavaScript's strings count UTF-16
// units, of which an emoji takes two.

// cutter returns how many code points a text has, and cut(start, end): the part
// of it between two of them.
export function cutter(text) {
  const starts = [];
  let at = 0;
  for (const character of text) {
    starts.push(at);
    at += character.length;
  }
  starts.push(at);
  const unit = (point) => starts[Math.max(0, Math.min(point, starts.length - 1))];
  return {length: starts.length - 1, cut: (start, end) => text.slice(unit(start), unit(end))};
}

// runs cuts [start, end) into the given spans and the gaps between them, in
// order: {start, end, span}, span being null for a gap. Spans are sorted and
// don't overlap; what lies outside is left away.
export function runs(start, end, spans) {
  const list = [];
  let at = start;
  for (const span of spans) {
    const from = Math.max(span.start, at);
    const to = Math.min(span.end, end);
    if (to <= from) continue;
    if (from > at) list.push({start: at, end: from, span: null});
    list.push({start: from, end: to, span});
    at = to;
  }
  if (at < end) list.push({start: at, end, span: null});
  return list;
}
