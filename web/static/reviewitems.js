// Classes and criteria to correct, each with what the model proposes and what
// another reviewer says.
import {el} from './dom.js';
import {valueIn} from './reviewdraft.js';
import {valueName} from './result.js';
import {criterion, nameOf, percent, t} from './words.js';

// itemName is what an item is called.
export function itemName({kind, task, field, name, i}) {
  if (kind === 'spans') return task === 'ner' ? t('entities') : nameOf('tasks', task);
  if (kind === 'class') return nameOf('fields', field);
  return name === null ? criterion(field, i) : nameOf('fields', name);
}

// valueText is an item's value as text; of entities how many there are.
export function valueText({kind, field}, value) {
  if (kind === 'spans') return String(value.length);
  return kind === 'class' ? valueName(field, value) : t(value ? 'met' : 'notMet');
}

// statusButtons say that an item is checked, or that the reviewer isn't sure.
export function statusButtons(item, draft, act) {
  const toggle = (status, sign, key) => el('button', {
    type: 'button', id: `review-${status}-${item.key}`, class: 'status', 'aria-pressed': String(draft.now.status[item.key] === status),
    'aria-label': t(key, {name: itemName(item)}), title: t(key, {name: itemName(item)}), onclick: () => act(() => draft.toggle(item.key, status)),
  }, sign);
  return el('span', {class: 'statuses'}, toggle('checked', '✓', 'reviewIsChecked'), toggle('unsure', '?', 'reviewIsUnsure'));
}

// itemClass tells the stylesheet what became of an item.
const itemClass = (item, draft) => `review-item ${draft.isChanged(item) ? 'changed' : ''} ${draft.now.status[item.key] ?? 'open'}`;

// beside shows the proposal where it differs, and what another reviewer says.
function beside(item, draft, other) {
  const theirs = other && valueIn(other.new, item);
  const isUnsure = other?.unsure?.includes(item.key);
  return [
    draft.isChanged(item) ? el('span', {class: 'proposed'}, t('reviewProposed', {value: valueText(item, item.proposed)})) : null,
    theirs === undefined || theirs === null ? null : el('span', {class: theirs === draft.now.values[item.key] ? 'theirs' : 'theirs differs'}, t('reviewSays', {who: whoIs(other), value: valueText(item, theirs)})),
    isUnsure ? el('span', {class: 'theirs'}, t('reviewSays', {who: whoIs(other), value: t('reviewNotSure')})) : null,
  ].filter(Boolean);
}

export const whoIs = ({who}) => (who === '' ? t('reviewSomebody') : who);

// classItem is a head: a choice of its labels, the likeliest first.
export function classItem(item, draft, {act, choose, labels, other}) {
  const id = `review-${item.key}`;
  const value = draft.now.values[item.key];
  const names = [...new Set([...Object.entries(item.scores).sort((a, b) => b[1] - a[1]).map(([name]) => name), ...labels, item.proposed, value])];
  const option = (name) => el('option', {value: name, selected: name === value}, item.scores[name] === undefined ? valueName(item.field, name) : `${valueName(item.field, name)} (${percent(item.scores[name])})`);
  return el('div', {class: itemClass(item, draft), 'data-item': item.key},
    el('label', {for: id}, itemName(item)),
    el('span', {class: 'control'}, el('select', {id, onchange: (event) => choose(item.key, event.target.value)}, ...names.map(option)), statusButtons(item, draft, act)),
    ...beside(item, draft, other));
}

// flagItem is a criterion: met or not.
export function flagItem(item, draft, {act, other}) {
  const id = `review-${item.key}`;
  return el('li', {class: itemClass(item, draft), 'data-item': item.key},
    el('span', {class: 'control'},
      el('input', {type: 'checkbox', id, checked: draft.now.values[item.key], onchange: (event) => act(() => draft.set(item.key, event.target.checked))}),
      el('label', {for: id}, itemName(item)),
      item.score === undefined ? null : el('span', {class: 'number quiet'}, percent(item.score)),
      statusButtons(item, draft, act)),
    ...beside(item, draft, other));
}
