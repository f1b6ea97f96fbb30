// The table of a file's calls.
import {el} from './dom.js';
import {certainty, downFirst, ordered} from './order.js';
import {count, entitiesOf, flagsOf} from './prediction.js';
import {valueName} from './result.js';
import {decimal, nameOf, percent, t, told} from './words.js';

const ROWS = 50; // on a page

// showList fills section with the page of calls on which view (see order.js) is, and
// returns a function that shows anew what is known of them. open(i) opens a call;
// shown() is called when other calls are shown, or in another order.
export function showList(section, {calls, view, choices, open, shown}) {
  const body = el('tbody', {});
  const sum = el('p', {class: 'quiet', id: 'calls-shown', role: 'status'});
  const pages = el('div', {});
  let rows = [];
  const heads = ['call', 'beginning', 'main_category', 'priority', 'criteriaColumn', 'entities', 'cost'].map((key) => head(key, () => sortBy(key)));
  const sortBy = (key) => {
    if (view.sort !== key) Object.assign(view, {sort: key, isDown: downFirst.includes(key)});
    else if (view.isDown === downFirst.includes(key)) view.isDown = !view.isDown;
    else Object.assign(view, {sort: '', isDown: false}); // the third time as in the file
    view.first = 0;
    list();
    shown();
  };
  const filter = (changes) => {
    Object.assign(view, changes, {first: 0});
    list();
    shown();
  };
  const turn = (first) => {
    view.first = first;
    list();
    shown();
    section.querySelector('#calls-title').focus();
  };
  const list = () => {
    const order = ordered(calls, view, choices.threshold);
    view.first = Math.min(view.first - view.first % ROWS, Math.max(0, order.length - 1) - Math.max(0, order.length - 1) % ROWS);
    const {first} = view;
    const last = Math.min(first + ROWS, order.length);
    rows = order.slice(first, last).map((i) => ({call: calls[i], cells: row(calls[i], i, open)}));
    body.replaceChildren(...rows.map(({cells}) => el('tr', {}, el('th', {scope: 'row'}, cells.button, cells.cut, cells.reviewed), el('td', {class: 'beginning'}, cells.beginning), ...cells.values)));
    for (const {key, th} of heads) {
      if (view.sort === key) th.setAttribute('aria-sort', view.isDown ? 'descending' : 'ascending');
      else th.removeAttribute('aria-sort');
    }
    sum.textContent = order.length === calls.length ? '' : t('callsShown', {n: order.length, total: calls.length});
    pages.replaceChildren(order.length <= ROWS ? '' : el('div', {class: 'actions'},
      el('button', {type: 'button', id: 'earlier', disabled: first === 0, onclick: () => turn(first - ROWS)}, t('earlier')),
      el('span', {}, t('page', {first: first + 1, last, total: order.length})),
      el('button', {type: 'button', id: 'later', disabled: last === order.length, onclick: () => turn(first + ROWS)}, t('later'))));
    fill();
  };
  const fill = () => rows.forEach(({call, cells}) => fillRow(call, cells, choices.threshold));
  section.replaceChildren(
    el('h2', {id: 'calls-title', tabindex: '-1'}, t('calls')),
    el('div', {class: 'filters'},
      labelled('calls-search', t('search'), el('input', {type: 'search', id: 'calls-search', value: view.search, autocomplete: 'off', spellcheck: 'false', oninput: (event) => filter({search: event.target.value})})),
      labelled('calls-priority', nameOf('fields', 'priority'), choice('calls-priority', view.priority, [['', t('all')], ...['1', '2', '3'].map((value) => [value, valueName('priority', value)])], (priority) => filter({priority}))),
      labelled('calls-reviewed', t('filterReviewed'), choice('calls-reviewed', view.reviewed, [['', t('all')], ['no', t('filterNot')], ['yes', t('filterDone')]], (reviewed) => filter({reviewed})))),
    sum,
    el('table', {}, el('thead', {}, el('tr', {}, ...heads.map(({th}) => th))), body),
    el('p', {class: 'quiet', id: 'cost-hint'}, t('costHint')),
    pages,
  );
  list();
  return fill;
}

// head is a column's head; its button orders by the column.
function head(key, sort) {
  const name = ['main_category', 'priority'].includes(key) ? nameOf('fields', key) : t(key);
  const content = key === 'beginning' ? name : el('button', {type: 'button', class: 'sort', 'data-sort': key, onclick: sort}, name);
  return {key, th: el('th', {scope: 'col', class: `column-${key}`}, content)};
}

const labelled = (id, name, field) => el('label', {for: id}, el('span', {}, name), field);

function choice(id, value, options, changed) {
  const select = el('select', {id, onchange: () => changed(select.value)}, ...options.map(([name, text]) => el('option', {value: name}, text)));
  select.value = value;
  return select;
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
    values: ['main_category', 'priority', 'criteria', 'count', 'cost'].map((name) => el('td', {class: name})),
  };
}

function fillRow({prediction: p, problem, review}, {button, cut, reviewed, values: [main, priority, criteria, entities, cost]}, threshold) {
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
  cost.replaceChildren(...costText(p));
}

// costText is what it costs to leave a call unchecked, and what most of that comes from; of
// a server that doesn't say so, how sure the least certain answer is.
function costText(p) {
  if (p.review) {
    const [urgency, doubt] = ['urgency', 'doubt'].map((kind) => p.review.reasons.find((reason) => reason.kind === kind));
    const why = [urgency && `${valueName('priority', urgency.label ?? '')}: ${percent(urgency.probability)}`, doubt && `${nameOf(doubt.head ? 'fields' : 'tasks', doubt.head || doubt.task)}: ${percent(doubt.probability)}`];
    return [decimal(p.review.cost), ' ', el('span', {class: 'reason'}, why.filter(Boolean).join('; '))];
  }
  const sure = certainty(p);
  return sure === null ? [] : [el('span', {class: 'reason'}, t('leastSure', {share: percent(sure)}))];
}

// reviewMark tells what is known of a call's reviews.
function reviewMark({draft, isKept, others}) {
  if (draft.isDirty) return t('reviewMarkDraft');
  return isKept || others.length > 0 ? t('reviewMarkKept') : '';
}

// reason is why a call isn't read: what the server says, or what is wrong with its
// place in the file.
const reason = (problem) => problem.values.detail || problem.values.status || told(problem).replace(/\.$/, '');
