// What the model says of one call.
import {attentionsOf} from './attention.js';
import {bar, el} from './dom.js';
import {entityList, lookedAt, markedText, WEAK} from './marked.js';
import {classesOf, count, entitiesOf, flagsOf} from './prediction.js';
import {showRedacted} from './redacted.js';
import {whereFound} from './where.js';
import {categoryOf, criterion, decimal, nameOf, percent, t} from './words.js';

const LONG = 5000; // characters from which a call's text scrolls in its own place

// showResult fills section. choices are the user's: look (a task's name or ''),
// lookLabel (null: all its labels; else one's place among them), threshold (null: the server's). act holds what its buttons do: readWhole,
// save(format), and, for a call of a list, back, previous and next; correct, where
// labels can be corrected; redact(mode) and those of showRedacted, where there are names; moved is called when the threshold has been. It returns a function that shows what is known
// of what the model looked at, as soon as it is.
export function showResult(section, {call, title, choices, act}) {
  const p = call.prediction;
  const {part, refillLooks} = callPart(call, choices);
  section.replaceChildren(
    el('div', {class: 'head'}, el('h2', {id: 'result-title', tabindex: '-1'}, title), ways(act)),
    p.truncated ? el('p', {class: 'notice'}, t('truncated'), ' ', el('button', {type: 'button', id: 'read-whole', onclick: act.readWhole}, t('readWhole'))) : '',
    call.redacted ? showRedacted(call.redacted, act) : '',
    ...warnings(p).map((text) => el('p', {class: 'notice warning'}, text)),
    el('div', {class: 'columns'},
      el('div', {}, part, ...entitiesOf(p).map(entitiesPart)),
      el('div', {}, ...classesOf(p).map(classesPart)),
      el('div', {}, flagsPart(p, choices, act.moved))),
    el('div', {class: 'actions'},
      el('button', {type: 'button', id: 'save-json', onclick: () => act.save('json')}, t('saveJSON')),
      el('button', {type: 'button', id: 'save-csv', onclick: () => act.save('csv')}, t('saveCSV'))),
  );
  return refillLooks;
}

// warnings say why the answers may be less certain than they look, if the server says so.
function warnings(p) {
  return (p.warnings ?? []).map(({kind, share, tokens, longest}) => {
    if (kind === 'unknown_words') return t('warnUnknownWords', {share: percent(share)});
    if (kind === 'longer_than_learnt') return t('warnLong', {tokens, longest});
    return '';
  }).filter((text) => text !== '');
}

function ways(act) {
  const button = (id, key, f) => f && el('button', {type: 'button', id, onclick: f}, t(key));
  return el('div', {class: 'actions'}, button('back', 'backToList', act.back), button('previous', 'previousCall', act.previous), button('next', 'nextCall', act.next), button('correct', 'correct', act.correct), button('redact', 'redact', act.redact && (() => act.redact())));
}

const titled = (task, key) => (task === '' ? t(key) : nameOf('tasks', task));

// callPart is the text, with a choice of the tasks whose attention is known, and of their
// labels where each has its own.
// refillLooks shows that anew, and nothing else.
function callPart(call, choices) {
  const p = call.prediction;
  const entities = p.entities ?? entitiesOf(p)[0]?.entities ?? [];
  const looks = el('div', {});
  const place = el('div', {});
  const fill = () => {
    const own = attentionsOf(p, choices.look).flatMap(({labels}) => labels)[choices.lookLabel];
    const weights = own?.weights ?? p.attention?.[choices.look];
    const text = markedText(call.text, entities, weights);
    text.classList.toggle('long', call.text.length > LONG);
    place.replaceChildren(weights ? whereFound(call.text, weights, () => text) : '', text, weights ? el('p', {class: 'quiet', id: 'looked-at'}, t('lookWords', {words: lookedAt(call.text, weights)})) : '');
  };
  const choice = (task, name, checked) => el('label', {class: 'choice'},
    el('input', {type: 'radio', name: 'look', value: task, checked, onchange: () => {
      choices.look = task;
      choices.lookLabel = null;
      refillLabels();
      fill();
    }}), name);
  const labels = el('div', {});
  const refillLabels = () => {
    const heads = attentionsOf(p, choices.look);
    let number = 0;
    const option = (name) => el('option', {value: String(number), selected: number++ === choices.lookLabel}, name);
    labels.replaceChildren(heads.length === 0 ? '' : el('label', {}, t('lookLabel'), ' ', el('select', {id: 'look-label', onchange: (event) => {
      choices.lookLabel = event.target.value === '' ? null : Number(event.target.value);
      fill();
    }}, el('option', {value: ''}, t('lookAll')), ...heads.map(({field, labels: list}) => (list[0].name === ''
      ? option(nameOf('fields', field))
      : el('optgroup', {label: nameOf('fields', field)}, ...list.map(({name}) => option(name))))))));
  };
  const refillLooks = () => {
    const tasks = Object.keys(p.attention ?? {});
    const isShown = tasks.includes(choices.look);
    looks.replaceChildren(tasks.length === 0 ? '' : el('fieldset', {class: 'look'}, el('legend', {}, t('look')), choice('', t('lookNone'), !isShown),
      ...tasks.map((task) => choice(task, t('lookAt', {task: nameOf('tasks', task)}), task === choices.look)), labels));
    refillLabels();
    if (isShown) fill();
  };
  fill();
  refillLooks();
  return {part: el('div', {class: 'part'}, el('h3', {}, t('whole')), looks, place, entities.some(({least}) => least < WEAK) ? el('p', {class: 'quiet', id: 'weak-hint'}, t('weakHint', {share: percent(WEAK)})) : ''), refillLooks};
}

function entitiesPart({task, entities}) {
  return el('div', {class: 'part'}, el('h3', {}, titled(task, 'entities')), entities.length === 0 ? el('p', {class: 'quiet'}, t('noEntities')) : entityList(entities));
}

function classesPart({task, heads}) {
  return el('div', {class: 'part'}, el('h3', {}, titled(task, 'categories')), ...heads.map(classPart));
}

// classPart is one class: the label that was chosen, and the likeliest ones. The
// chosen one may be none of those: main and sub-category are chosen together.
export function classPart({field, value, scores}) {
  const ordered = Object.entries(scores).sort((a, b) => b[1] - a[1]);
  const line = ([label, p]) => el('li', {class: label === value ? 'chosen' : ''}, el('span', {class: 'name'}, valueName(field, label)), bar(p), el('span', {class: 'number'}, percent(p)));
  const likeliest = ordered.slice(0, 3);
  const few = likeliest.some(([label]) => label === value) ? likeliest : [...likeliest.slice(0, 2), ...ordered.filter(([label]) => label === value)];
  const others = ordered.filter((entry) => !few.includes(entry));
  return el('div', {class: 'class', 'data-field': field},
    el('h4', {}, nameOf('fields', field), ': ', el('strong', {}, valueName(field, value)), scores[value] < WEAK ? el('span', {class: 'uncertain'}, t('uncertain')) : ''),
    el('ul', {class: 'bars'}, ...few.map(line)),
    others.length > 0 ? el('details', {}, el('summary', {}, t('allValues'), ` (${ordered.length})`), el('ul', {class: 'bars'}, ...others.map(line))) : '');
}

const namedFields = ['main_category', 'sub_category', 'intervention'];

// valueName is a label as it is shown: with what a priority means, and after a category's
// name in the chosen language.
export function valueName(field, value) {
  const name = namedFields.includes(field) ? categoryOf(value) : undefined;
  if (name !== undefined) return t('priority', {value: name, meaning: value});
  const meaning = field === 'priority' ? nameOf('priorities', value) : value;
  return meaning.toLowerCase() === value.toLowerCase() ? value : t('priority', {value, meaning});
}

// flagsPart is the checklist, with the threshold above which a box is ticked.
function flagsPart(p, choices, moved) {
  // The sums stay where they are, so that a screen reader says how they change.
  const parts = flagsOf(p, null).map(({task}) => ({task, sum: el('p', {class: 'sum', role: 'status'}), list: el('div', {})}));
  if (parts.length === 0) return '';
  const value = el('output', {for: 'threshold', id: 'threshold-value'});
  const slider = el('input', {type: 'range', id: 'threshold', min: '0.01', max: '0.99', step: '0.01', value: choices.threshold ?? 0.5, 'aria-describedby': 'threshold-hint'});
  const reset = el('button', {type: 'button', id: 'threshold-reset', onclick: () => {
    choices.threshold = null;
    slider.value = '0.5';
    fill();
    moved();
    slider.focus();
  }}, t('thresholdReset'));
  const fill = () => {
    value.textContent = choices.threshold === null ? t('thresholdServer') : decimal(choices.threshold);
    slider.setAttribute('aria-valuetext', value.textContent);
    reset.hidden = choices.threshold === null;
    flagsOf(p, choices.threshold).forEach((flags, i) => {
      parts[i].sum.textContent = t('criteriaMet', count(flags));
      parts[i].list.replaceChildren(...flags.groups.map((group) => checklist(group, choices.threshold)));
    });
  };
  slider.addEventListener('input', () => {
    choices.threshold = Number(slider.value);
    fill();
    moved();
  });
  fill();
  return el('div', {class: 'part'},
    el('h3', {}, t('criteria')),
    el('div', {class: 'threshold'}, el('label', {for: 'threshold'}, t('threshold')), slider, value, reset),
    el('p', {class: 'quiet', id: 'threshold-hint'}, t('thresholdHint')),
    ...parts.flatMap(({task, sum, list}) => [task === '' ? '' : el('h3', {}, nameOf('tasks', task)), sum, list]));
}

// checklist is a group of criteria.
function checklist({field, flags}, threshold) {
  return el('div', {class: 'group', 'data-field': field},
    el('h4', {}, nameOf('fields', field)),
    el('ul', {class: 'checks'}, ...flags.map((flag, i) => el('li', {class: flag.met ? 'met' : 'not-met'},
      el('span', {class: 'tick', 'aria-hidden': 'true'}, flag.met ? '✓' : '✗'),
      el('span', {class: 'name'}, flag.name === null ? criterion(field, i) : nameOf('fields', flag.name), el('span', {class: 'hidden'}, `: ${t(flag.met ? 'met' : 'notMet')}`)),
      ...(flag.score === undefined ? [] : [bar(flag.score, threshold), el('span', {class: 'number'}, percent(flag.score))])))));
}
