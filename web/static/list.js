// The table of a file's calls.
import {el} from './dom.js';
import {count, entitiesOf, flagsOf} from './prediction.js';
import {valueName} from './result.js';
import {nameOf, t, told} from './words.js';

const ROWS = 50; // on a page

// showList fills section with the page of calls that holds index first, and
// returns a function that shows anew what is known of them. open(i) opens a
// call, turn(first) another page.
export function showList(section, {calls, first, choices, open, turn}) {
  first -= first % ROWS;
  const rows = calls.slice(first, first + ROWS).map((call, i) => ({call, cells: row(call, first + i, open)}));
  const last = Math.min(first + ROWS, calls.length);
  section.replaceChildren(
    el('h2', {id: 'calls-title', tabindex: '-1'}, t('calls')),
    el('table', {},
      el('thead', {}, el('tr', {}, ...['call', 'beginning'].map((key) => el('th', {scope: 'col', class: `column-${key}`}, t(key))),
        ...['main_category', 'priority'].map((field) => el('th', {scope: 'col', class: `column-${field}`}, nameOf('fields', field))),
        ...['criteriaColumn', 'entities'].map((key) => el('th', {scope: 'col', class: `column-${key}`}, t(key))))),
      el('tbody', {}, ...rows.map(({cells}) => el('tr', {}, el('th', {scope: 'row'}, cells.button, cells.cut, cells.reviewed), el('td', {class: 'beginning'}, cells.beginning), ...cells.values)))),
    calls.length <= ROWS ? '' : el('div', {class: 'actions'},
      el('button', {type: 'button', id: 'earlier', disabled: first === 0, onclick: () => turn(first - ROWS)}, t('earlier')),
      el('span', {}, t('page', {first: first + 1, last, total: calls.length})),
      el('button', {type: 'button', id: 'later', disabled: last === calls.length, onclick: () => turn(first + ROWS)}, t('later'))),
  );
  const fill = () => rows.forEach(({call, cells}) => fillRow(call, cells, choices.threshold));
  fill();
  return fill;
}

// callName is how a call is called.
export function callName(call, i) {
  return call.id === '' ? t('callNumber', {n: i + 1}) : call.id;
}

function row(call, i, open) {
  const start = [...call.text.slice(0, 240)].slice(0, 110).join('');
  return {
    button: el('button', {type: 'button', class: 'open', title: call.id, 'data-call': i, onclick: () => open(i)}, el('bdi', {}, callName(call, i))),
    cut: el('span', {class: 'cut'}),
    reviewed: el('span', {class: 'reviewed'}),
    beginning: el('bdi', {}, start.length < call.text.length ? `${start}…` : start),
    values: ['main_category', 'priority', 'criteria', 'count'].map((name) => el('td', {class: name})),
  };
}

function fillRow({prediction: p, problem, review}, {button, cut, reviewed, values: [main, priority, criteria, entities]}, threshold) {
  button.disabled = !p;
  cut.textContent = p?.truncated ? t('cut') : '';
  reviewed.textContent = review === undefined ? '' : reviewMark(review);
  main.classList.toggle('quiet', !p);
  if (!p) {
    main.textContent = problem ? `${t('unreadable')} (${reason(problem)})` : t('notRead');
    return;
  }
  main.textContent = p.classification?.main_category === undefined ? '' : valueName('main_category', p.classification.main_category);
  priority.textContent = p.classification?.priority === undefined ? '' : valueName('priority', p.classification.priority);
  const flags = flagsOf(p, threshold)[0];
  criteria.textContent = flags ? t('metOf', count(flags)) : '';
  entities.textContent = String(entitiesOf(p).reduce((n, part) => n + part.entities.length, 0));
}

// reviewMark tells what is known of a call's reviews.
function reviewMark({draft, isKept, others}) {
  if (draft.isDirty) return t('reviewMarkDraft');
  return isKept || others.length > 0 ? t('reviewMarkKept') : '';
}

// reason is why a call isn't read: what the server says, or what is wrong with its
// place in the file.
const reason = (problem) => problem.values.detail || problem.values.status || told(problem).replace(/\.$/, '');
