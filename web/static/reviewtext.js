// A call's text in which entities are corrected: chosen by click or focus, added by
// selecting text.
import {el} from './dom.js';
import {chip, colourOf} from './marked.js';
import {diffSpans} from './reviewdraft.js';
import {cutter, runs} from './text.js';
import {nameOf, t} from './words.js';

// reviewText shows text with its entities: those that the model proposes as they
// are, and what became of them. pick is called with what is chosen: {start, end,
// label}, label being undefined of text that is no entity; null for nothing. labels are
// all that there are, in order.
export function reviewText(text, {proposed, now, labels, pick}) {
  const {length, cut} = cutter(text);
  const shown = displayed(diffSpans(proposed, now));
  const node = el('div', {id: 'review-text', class: 'call', dir: 'auto', tabindex: '0', role: 'application', 'aria-label': t('reviewText'), 'aria-describedby': 'review-text-hint'},
    ...runs(0, length, shown.map((change) => ({...change.span, change}))).map((run) => (run.span === null ? cut(run.start, run.end) : markOf(run.span.change, cut, labels, pick))));
  node.addEventListener('keydown', (event) => moveByWord(event, node, text));
  node.addEventListener('mouseup', () => choose(node, text, pick));
  node.addEventListener('keyup', (event) => event.key.startsWith('Arrow') && choose(node, text, pick));
  node.addEventListener('touchend', () => setTimeout(() => choose(node, text, pick)));
  return node;
}

// displayed leaves away removed entities in whose place there is another.
function displayed(changes) {
  const present = changes.filter((change) => change.now !== undefined);
  return changes.filter(({span, now}) => now !== undefined || !present.some((other) => other.span.start < span.end && other.span.end > span.start));
}

function markOf({span, was, now}, cut, labels, pick) {
  const words = cut(span.start, span.end);
  const kind = now === undefined ? 'removed' : was === undefined ? 'added' : was === now ? 'same' : 'changed';
  const choice = {start: span.start, end: span.end, label: now};
  const old = kind === 'removed' || kind === 'changed' ? el('s', {class: 'label was'}, nameOf('labels', was)) : null;
  return el('mark', {
    id: `review-span-${span.start}`, tabindex: '0', role: 'button', class: kind, 'data-label': now ?? was, 'data-colour': colourOf(now ?? was, labels), 'data-kind': kind,
    'aria-label': t(spoken[kind], {words, was: was && nameOf('labels', was), label: now && nameOf('labels', now)}),
    onfocus: () => pick(choice),
  }, el('span', {class: 'text'}, words), old, now === undefined ? null : chip(now), kind === 'added' ? el('span', {class: 'sign', 'aria-hidden': 'true'}, '+') : null);
}

const spoken = {same: 'reviewSpanSame', removed: 'reviewSpanRemoved', added: 'reviewSpanAdded', changed: 'reviewSpanChanged'};

// choose picks the selected text, without space around it.
function choose(node, text, pick) {
  const selection = document.getSelection();
  if (selection.rangeCount === 0 || !node.contains(selection.anchorNode) || !node.contains(selection.focusNode)) return;
  if (selection.isCollapsed) {
    if (document.activeElement === node) pick(null);
    return;
  }
  const range = selection.getRangeAt(0);
  const start = offsetOf(node, range.startContainer, range.startOffset);
  const characters = [...text].slice(start, offsetOf(node, range.endContainer, range.endOffset));
  const words = characters.join('');
  const from = start + [...words].length - [...words.trimStart()].length;
  const end = from + [...words.trim()].length;
  pick(end > from ? {start: from, end} : null);
}

// offsetOf is a place in the node as code points of the text. Labels don't count.
function offsetOf(node, container, offset) {
  const range = document.createRange();
  range.setStart(node, 0);
  range.setEnd(container, offset);
  const before = range.cloneContents();
  before.querySelectorAll('.label, .sign').forEach((label) => label.remove());
  return [...before.textContent].length;
}

// moveByWord selects the next or previous word with the arrows; with Shift the
// selection grows or shrinks by a word.
function moveByWord(event, node, text) {
  if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  const isForward = event.key === 'ArrowRight' || event.key === 'ArrowDown';
  const words = wordsOf(text);
  if (words.length === 0) return;
  event.preventDefault();
  const selection = document.getSelection();
  let first = -1;
  let last = -1;
  if (selection.rangeCount > 0 && node.contains(selection.anchorNode)) {
    const range = selection.getRangeAt(0);
    const start = offsetOf(node, range.startContainer, range.startOffset);
    const end = offsetOf(node, range.endContainer, range.endOffset);
    first = words.findIndex((word) => word.end > start);
    last = words.findLastIndex((word) => word.start < Math.max(end, start + 1));
    if (start === end) last = first - 1; // a caret: the arrow goes to the word beside it
  }
  if (event.shiftKey && first >= 0 && last >= first) last = isForward ? Math.min(last + 1, words.length - 1) : Math.max(last - 1, first);
  else first = last = isForward ? Math.min(Math.max(last, -1) + 1, words.length - 1) : Math.max((first < 0 ? words.length : first) - 1, 0);
  select(node, words[first].start, words[last].end);
  if (document.activeElement !== node) node.focus({preventScroll: true});
}

// wordsOf lists the words of a text, without punctuation around them, in code points.
function wordsOf(text) {
  const words = [];
  let at = 0;
  text.split(/([\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*)/u).forEach((part, i) => { // every other part is a word
    const length = [...part].length;
    if (i % 2 === 1) words.push({start: at, end: at + length});
    at += length;
  });
  return words;
}

// select selects [start, end) of the text, and shows it.
function select(node, start, end) {
  const range = document.createRange();
  range.setStart(...placeOf(node, start));
  range.setEnd(...placeOf(node, end, true));
  const selection = document.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  range.startContainer.parentElement.scrollIntoView({block: 'nearest'});
}

// placeOf finds the text node, and the unit in it, of a code point; isEnd prefers the end
// of a node to the beginning of the next.
function placeOf(node, point, isEnd = false) {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT, (text) => (text.parentElement.closest('.label, .sign') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
  let left = point;
  let last = [node, 0];
  while (walker.nextNode()) {
    const {currentNode: text} = walker;
    const characters = [...text.data];
    if (left < characters.length || (isEnd && left === characters.length)) return [text, characters.slice(0, left).join('').length];
    left -= characters.length;
    last = [text, text.data.length];
  }
  return last;
}
