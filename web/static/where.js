// Where in a call the model looked: the turns that weigh most, each with a way to its place
// in the text.
import {bar, el} from './dom.js';
import {cutter} from './text.js';
import {turnsOf, weighTurns} from './turns.js';
import {percent, t} from './words.js';

const TURNS = 5; // that are listed
const START = 90; // characters of a turn that are shown

// whereFound lists the turns that a task's weights, of words, are on. textElement() is the
// element that shows the text. Of a call of a single turn it is nothing.
export function whereFound(text, weights, textElement) {
  const turns = weighTurns(turnsOf(text), weights);
  if (turns.length < 2) return '';
  const {cut} = cutter(text);
  const most = [...turns].sort((a, b) => b.weight - a.weight).slice(0, TURNS).filter((turn) => turn.weight > 0);
  return el('div', {class: 'where'},
    el('h4', {}, t('where')),
    el('ol', {}, ...most.map((turn) => el('li', {},
      el('button', {type: 'button', 'data-turn': turn.number, onclick: () => showTurn(textElement(), cut(0, turn.start).length, cut(0, turn.end).length)},
        el('span', {class: 'which'}, t('turn', {n: turn.number, total: turns.length})), ' ', el('bdi', {}, beginning(cut(turn.start, turn.end)))),
      bar(turn.weight), el('span', {class: 'number'}, percent(turn.weight))))));
}

function beginning(text) {
  const points = [...text];
  return points.length > START ? `${points.slice(0, START).join('')}…` : text;
}

// showTurn brings part of the text into view and marks it. start and end are in UTF-16
// units of the text.
function showTurn(element, start, end) {
  const range = rangeOf(element, start, end);
  if (globalThis.Highlight && CSS.highlights) {
    CSS.highlights.set('turn', new Highlight(range));
  } else {
    getSelection().setBaseAndExtent(range.startContainer, range.startOffset, range.endContainer, range.endOffset);
  }
  element.scrollIntoView({block: 'nearest'});
  const box = element.getBoundingClientRect();
  element.scrollTop += range.getBoundingClientRect().top - box.top - box.height / 4;
  const {top, bottom} = range.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) scrollBy(0, top - innerHeight / 4);
}

// rangeOf finds a part of the text among the element's nodes, of which the labels are no
// text of the call.
function rangeOf(element, start, end) {
  const range = document.createRange();
  const walk = document.createTreeWalker(element, NodeFilter.SHOW_ALL, (node) => (node.nodeType === Node.ELEMENT_NODE && node.classList.contains('label') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
  let at = 0;
  let begun = false;
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (node.nodeType !== Node.TEXT_NODE) continue;
    if (!begun && start < at + node.length) {
      range.setStart(node, start - at);
      begun = true;
    }
    if (begun && end <= at + node.length) {
      range.setEnd(node, end - at);
      return range;
    }
    at += node.length;
  }
  return range;
}
