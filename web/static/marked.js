// A call's text with its entities, and what the model looked at.
import {el} from './dom.js';
import {cutter, runs} from './text.js';
import {nameOf, percent, t} from './words.js';

// WEAK is the probability below which an answer is marked as uncertain.
export const WEAK = 0.5;

// colourOf numbers an entity's label: those that are built in always the same.
const known = ['NAME', 'LOCATION', 'VICTIM', 'AGE', 'GENDER', 'INCIDENT_TYPE', 'PERPETRATOR', 'PHONE_NUMBER', 'LANDMARK'];
export function colourOf(label, labels) {
  const i = known.indexOf(label);
  return (i >= 0 ? i : [...new Set(labels)].indexOf(label)) % known.length;
}

// markedText is the text in a paragraph: entities are marks that end in their
// label. weights, of words, shade the words by how much they were looked at.
export function markedText(text, entities, weights) {
  const {length, cut} = cutter(text);
  const highest = (weights ?? []).reduce((most, word) => Math.max(most, word.weight), 0);
  const seen = (weights ?? []).filter((word) => word.weight > highest / 50); // the rest would hardly show
  let next = 0; // seen is sorted, and so are the parts of the text
  const shaded = (start, end) => {
    while (next < seen.length && seen[next].end <= start) next++;
    const here = [];
    for (let i = next; i < seen.length && seen[i].start < end; i++) here.push(seen[i]);
    return runs(start, end, here).map((run) => {
      if (run.span === null) return cut(run.start, run.end);
      const word = el('span', {class: 'word', title: percent(run.span.weight)}, cut(run.start, run.end));
      word.style.setProperty('--weight', String(run.span.weight / highest));
      return word;
    });
  };
  const labels = entities.map((entity) => entity.label);
  return el('p', {class: weights ? 'call weighed' : 'call', dir: 'auto', id: 'call-text'}, ...runs(0, length, entities).flatMap((run) => {
    if (run.span === null) return shaded(run.start, run.end);
    const {label, score, least} = run.span;
    const isKnown = typeof score === 'number';
    const mark = el('mark', {'data-label': label, 'data-colour': colourOf(label, labels), class: isKnown && least < WEAK ? 'weak' : '', ...(isKnown ? {title: t('sure', {share: percent(score), least: percent(least)})} : {})}, el('span', {class: 'text'}, ...shaded(run.start, run.end)), chip(label, isKnown && least < WEAK));
    if (isKnown) mark.style.setProperty('--sure', String(score));
    return mark;
  }));
}

// chip is a label's name, which says so where it is weak.
export function chip(label, isWeak = false) {
  return el('span', {class: 'label'}, nameOf('labels', label), isWeak ? el('span', {class: 'hidden'}, ` (${t('uncertain')})`) : '');
}

// lookedAt names the words that weigh most, for those who don't see the shades.
export function lookedAt(text, weights) {
  const {cut} = cutter(text);
  const sums = new Map();
  for (const word of weights) {
    const name = cut(word.start, word.end);
    sums.set(name, (sums.get(name) ?? 0) + word.weight);
  }
  return [...sums].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([name, weight]) => `${name} ${percent(weight)}`).join(', ');
}

// entityList has a line for each label: what was found, once each.
export function entityList(entities) {
  const labels = entities.map((entity) => entity.label);
  return el('ul', {class: 'entities'}, ...[...new Set(labels)].map((label) => {
    const texts = new Set(entities.filter((entity) => entity.label === label).map((entity) => entity.text));
    return el('li', {'data-colour': colourOf(label, labels)}, chip(label), ' ', ...[...texts].flatMap((text, i) => [i > 0 ? ', ' : '', el('bdi', {}, text)]));
  }));
}
