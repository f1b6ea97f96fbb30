// Correcting a call: what the model proposes, what a person makes of it, and where
// that goes. Without a server that keeps reviews it can be downloaded alone.
import {el} from './dom.js';
import {Problem} from './problem.js';
import {find, keep, keeping, schema} from './reviewapi.js';
import {Draft, diffSpans, isSame, valueIn, withSpan, withoutSpan} from './reviewdraft.js';
import {showHelp} from './reviewhelp.js';
import {classItem, flagItem, itemName, statusButtons, valueText, whoIs} from './reviewitems.js';
import {reviewText} from './reviewtext.js';
import {chip, colourOf} from './marked.js';
import {cutter} from './text.js';
import {currentLanguage, nameOf, t} from './words.js';

// known is what the server has said: whether it keeps reviews, and the model's labels.
const known = {keeping: null, schema: null};

// prepare makes a call's draft, once, and asks what is needed for it: {key}.
export async function prepare(call, key) {
  if (known.schema === null) [known.keeping, known.schema] = await Promise.all([keeping(), schema(key)]);
  if (call.review) return;
  const draft = new Draft(call.prediction);
  const review = {draft, others: [], shown: '', picked: null, task: draft.items.find(({kind}) => kind === 'spans')?.key ?? null};
  if (known.keeping) await learn(call.text, review, key, true);
  call.review = review;
}

// learn asks for the reviews of a call. The reviewer's own is where the draft starts; one made
// elsewhere in the meantime joins it.
async function learn(text, review, key, isFirst) {
  const {you, reviews} = await find(text, key);
  review.draft.basedOn = reviews.at(-1)?.id ?? '';
  const mine = reviews.find(({who}) => who === you);
  review.others = reviews.filter((other) => other !== mine);
  if (isFirst && mine) review.draft.start(mine);
  else if (mine && mine.id !== review.mine) review.draft.adopt(mine);
  review.mine = mine?.id;
  review.isKept = Boolean(mine);
}

// isUnsaved tells whether a call has corrections that are nowhere else.
export const isUnsaved = (call) => call.review?.draft.isDirty ?? false;

// whyNotKept is the Problem that keeps calls' corrections from being saved, if there is one. A
// change that isn't checked is one: it would be lost.
export function whyNotKept(calls) {
  const reviews = calls.flatMap(({review}) => review ?? []);
  const items = [...new Set(reviews.flatMap(({draft}) => draft.unchecked.map(itemName)))];
  if (items.length > 0) return new Problem('notChecked', {items: items.join(', '), n: reviews.filter(({draft}) => draft.unchecked.length > 0).length});
  return reviews.some(({draft}) => draft.saysSomething) ? null : new Problem('nothingSaid');
}

// toLines writes calls' corrections with their texts, as convert --from reviews reads
// them: a line each.
export function toLines(calls) {
  return calls.filter((call) => call.review?.draft.saysSomething).map((call) => JSON.stringify({
    v: 1, id: '', call: '', ...(call.id === '' ? {} : {record: call.id}), who: '', when: new Date().toISOString(), model: call.model ?? '', ...call.review.draft.review(), text: call.text,
  }) + '\n').join('');
}

// showReview fills section. act holds: key() (the API key), say(key, values), report(error),
// download(), leave, changed (called when something has been), and for a call of a list previous and next.
export function showReview(section, {call, title, act}) {
  const {review} = call;
  const {draft} = review;
  const view = {section, call, review, draft, act};
  const [head, tools, rest] = ['head', 'actions', ''].map((name) => el('div', {class: name}));
  const sum = el('p', {class: 'sum', role: 'status', id: 'review-sum'}); // it stays, so that a screen reader says how it changes
  tools.setAttribute('role', 'toolbar');
  tools.setAttribute('aria-label', t('reviewTools'));
  section.replaceChildren(head, el('div', {class: 'review-bar'}, tools, sum, el('p', {class: 'quiet', id: 'review-where'}, whereItGoes())), rest);
  view.refill = () => {
    const focused = document.activeElement?.id;
    const within = section.contains(document.activeElement);
    head.replaceChildren(...headOfReview(view, title));
    tools.replaceChildren(...toolsOf(view));
    const text = sumOf(draft);
    if (sum.textContent !== text) sum.textContent = text;
    rest.replaceChildren(...contents(view).filter((child) => child !== ''));
    act.changed();
    if (within && focused) (document.getElementById(focused) ?? document.getElementById('result-title')).focus({preventScroll: true});
  };
  view.change = (f) => {
    f();
    view.refill();
  };
  section.onkeydown = (event) => onKey(event, view);
  view.refill();
}

function headOfReview({act}, title) {
  const button = (id, key, f) => (f ? [el('button', {type: 'button', id, onclick: f}, t(key))] : []);
  return [el('h2', {id: 'result-title', tabindex: '-1'}, t('reviewTitle', {call: title})),
    el('div', {class: 'actions'}, ...button('review-leave', 'reviewLeave', act.leave), ...button('previous', 'previousCall', act.previous), ...button('next', 'nextCall', act.next))];
}

function contents(view) {
  const {draft, review} = view;
  const spans = draft.items.filter(({kind}) => kind === 'spans');
  const classes = draft.items.filter(({kind}) => kind === 'class');
  const flags = draft.items.filter(({kind}) => kind === 'flag');
  const other = review.others.find(({id}) => id === review.shown);
  const parts = {act: view.change, choose: (key, label) => view.change(() => draft.choose(key, label, follows())), other};
  return [
    othersPart(view),
    el('div', {class: 'columns review'},
      el('div', {}, spans.length === 0 ? null : textPart(view, spans, other)),
      el('div', {}, classes.length === 0 ? null : part('review-classes', t('categories'), view, classes, ...classes.map((item) => classItem(item, draft, {...parts, labels: labelsOf(item)})))),
      el('div', {}, flags.length === 0 ? null : part('review-flags', t('criteria'), view, flags, ...groups(flags, draft, parts)))),
    changesPart(view),
    notePart(view),
  ];
}

// toolsOf are the buttons that concern the whole review.
function toolsOf(view) {
  const {draft, act} = view;
  const button = (id, key, f, disabled, main) => el('button', {type: 'button', id, class: main ? 'main' : null, disabled, onclick: f}, t(key));
  return [
    button('review-accept', 'reviewAccept', () => view.change(() => draft.accept())),
    button('review-undo', 'reviewUndo', () => view.change(() => draft.undo()), !draft.canUndo),
    button('review-redo', 'reviewRedo', () => view.change(() => draft.redo()), !draft.canRedo),
    ...(known.keeping ? [button('review-save', 'reviewSave', () => save(view), false, true)] : []),
    button('review-download', 'reviewDownload', act.download, false, !known.keeping),
    el('button', {type: 'button', id: 'review-keys', 'aria-label': t('reviewKeys'), title: t('reviewKeys'), onclick: showHelp}, '?'),
  ];
}

function sumOf(draft) {
  const statuses = Object.values(draft.now.status);
  const count = (wanted) => statuses.filter((status) => status === wanted).length;
  return t('reviewSum', {checked: count('checked'), total: draft.items.length, unsure: count('unsure'), changed: draft.changes});
}

function whereItGoes() {
  if (!known.keeping) return t('reviewNowhere');
  const {texts, retention_days: days} = known.keeping;
  if (!texts) return t('reviewKept');
  return days === undefined ? t('reviewKeptTexts') : t('reviewKeptDays', {days});
}

// othersPart names the other reviewers of the call. What they say is shown on demand, so
// that it doesn't sway.
function othersPart({review, draft, refill}) {
  if (review.others.length === 0) return '';
  const when = (date) => new Date(date).toLocaleString(currentLanguage(), {dateStyle: 'medium', timeStyle: 'short'});
  const line = (other) => el('li', {}, t('reviewBy', {who: whoIs(other), when: when(other.when)}), ' ',
    el('button', {type: 'button', id: `review-other-${other.id}`, 'aria-pressed': String(review.shown === other.id), onclick: () => {
      review.shown = review.shown === other.id ? '' : other.id;
      refill();
    }}, t('reviewShow')),
    review.shown === other.id ? el('span', {class: 'quiet'}, ' ', t('reviewDiffers', {n: draft.items.filter((item) => differs(item, draft, other)).length})) : null,
    review.shown === other.id && other.note ? el('q', {}, other.note) : null);
  return el('div', {class: 'notice', id: 'review-others'}, el('ul', {}, ...review.others.map(line)));
}

const differs = (item, draft, other) => {
  const theirs = valueIn(other.new, item);
  return theirs !== undefined && !isSame(theirs, draft.now.values[item.key]);
};

function part(id, name, {draft, change}, items, ...children) {
  return el('div', {class: 'part', id},
    el('div', {class: 'head'}, el('h3', {}, name), el('button', {type: 'button', id: `${id}-accept`, onclick: () => change(() => draft.accept(items))}, t('reviewAcceptPart'))),
    ...children);
}

function groups(flags, draft, parts) {
  const names = [...new Set(flags.map(({task, field}) => `${task}/${field}`))];
  return names.map((name) => {
    const list = flags.filter(({task, field}) => `${task}/${field}` === name);
    return el('div', {class: 'group', 'data-field': list[0].field}, el('h4', {}, nameOf('fields', list[0].field)), el('ul', {class: 'checks'}, ...list.map((item) => flagItem(item, draft, parts))));
  });
}

const headOf = ({task, field}) => known.schema.tasks.find(({name}) => name === task)?.heads.find((head) => field === undefined || head.field === field);
const labelsOf = (item) => headOf(item)?.labels ?? [];

// follows are the heads whose label another head determines, by key.
function follows() {
  const all = {};
  for (const {name, heads} of known.schema.tasks) {
    for (const {field, follows: from} of heads) if (from) all[`${name}/${field}`] = {key: `${name}/${from.field}`, labels: from.labels};
  }
  return all;
}

// --- entities -----------------------------------------------------------------

function textPart(view, spans, other) {
  const {call, review, draft, change} = view;
  const item = draft.item(review.task);
  const labels = [...new Set([...labelsOf(item), ...item.proposed.map(({label}) => label)])];
  const now = draft.now.values[item.key];
  const picker = pickerOf(view, item, labels);
  const choice = ({key}) => el('label', {class: 'choice'}, el('input', {type: 'radio', name: 'review-task', id: `review-task-${key}`, value: key, checked: key === item.key, onchange: () => {
    Object.assign(review, {task: key, picked: null});
    view.refill();
  }}), itemName(draft.item(key)));
  const {cut} = cutter(call.text);
  const theirs = other && valueIn(other.new, item);
  return el('div', {class: `part review-item ${draft.isChanged(item) ? 'changed' : ''}`, 'data-item': item.key},
    el('div', {class: 'head'}, el('h3', {}, itemName(item)), statusButtons(item, draft, change)),
    spans.length < 2 ? null : el('fieldset', {class: 'look'}, el('legend', {}, t('reviewWhich')), ...spans.map(choice)),
    el('p', {class: 'quiet', id: 'review-text-hint'}, t('reviewTextHint')),
    picker.node,
    reviewText(call.text, {proposed: item.proposed, now, labels, pick: picker.pick}),
    !theirs || isSame(theirs, now) ? null : el('ul', {class: 'theirs differs'}, ...diffSpans(now, theirs).filter((change) => change.was !== change.now).map((change) => el('li', {}, t('reviewSays', {who: whoIs(other), value: spanText(change, cut)})))));
}

// spanText tells what became of an entity.
const spanText = ({span, was, now}, cut) => `“${cut(span.start, span.end)}”: ${was === undefined ? t('reviewNone') : nameOf('labels', was)} → ${now === undefined ? t('reviewNone') : nameOf('labels', now)}`;

// pickerOf is the row of labels for what is picked in the text.
function pickerOf(view, item, labels) {
  const {call, review, draft} = view;
  const {cut} = cutter(call.text);
  const give = (label) => {
    const {picked} = review;
    if (!picked) return;
    Object.assign(review, {picked: {...picked, label}});
    draft.set(item.key, withSpan(draft.now.values[item.key], {start: picked.start, end: picked.end, label}));
    view.refill();
    document.getElementById(`review-span-${picked.start}`)?.focus({preventScroll: true});
  };
  const remove = () => {
    if (!review.picked) return;
    draft.set(item.key, withoutSpan(draft.now.values[item.key], review.picked));
    const {start} = review.picked;
    review.picked = null;
    view.refill();
    (document.getElementById(`review-span-${start}`) ?? document.getElementById('review-text')).focus({preventScroll: true});
  };
  const status = el('p', {role: 'status', id: 'review-picked'});
  const buttons = labels.map((label, i) => el('button', {type: 'button', id: `review-label-${label}`, class: 'give', 'data-colour': colourOf(label, labels), onclick: () => give(label)}, i < 9 ? el('kbd', {}, String(i + 1)) : null, chip(label)));
  const drop = el('button', {type: 'button', id: 'review-remove', onclick: remove}, t('reviewRemove'));
  const fill = () => {
    const {picked} = review;
    status.textContent = picked ? t('reviewPicked', {words: shorten(cut(picked.start, picked.end))}) : t('reviewNothingPicked');
    buttons.forEach((button) => (button.disabled = !picked));
    drop.disabled = picked?.label === undefined;
  };
  fill();
  view.give = (i) => i < labels.length && give(labels[i]);
  view.remove = remove;
  return {
    node: el('div', {class: 'picker'}, status, el('div', {class: 'actions', role: 'toolbar', 'aria-label': t('reviewLabels')}, ...buttons, drop)),
    pick: (picked) => {
      review.picked = picked;
      fill();
    },
  };
}

const shorten = (words) => (words.length > 60 ? `${[...words].slice(0, 58).join('')}…` : words);

// --- what has changed, and the note ---------------------------------------------

function changesPart({call, draft, change}) {
  const {cut} = cutter(call.text);
  const lines = draft.items.filter((item) => draft.isChanged(item)).flatMap((item) => {
    const now = draft.now.values[item.key];
    const revert = (text, id, value) => el('li', {}, text, ' ', el('button', {type: 'button', id: `review-revert-${id}`, 'aria-label': t('reviewRevert', {change: text}), onclick: () => change(() => draft.set(item.key, value()))}, t('reviewTakeBack')));
    if (item.kind !== 'spans') return [revert(`${itemName(item)}: ${valueText(item, item.proposed)} → ${valueText(item, now)}`, item.key, () => item.proposed)];
    return diffSpans(item.proposed, now).filter(({was, now: is}) => was !== is).map((one) => revert(spanText(one, cut), `${item.key}-${one.span.start}-${one.span.end}`, () => {
      const current = draft.now.values[item.key];
      return one.was === undefined ? withoutSpan(current, one.span) : withSpan(current, {start: one.span.start, end: one.span.end, label: one.was});
    }));
  });
  return el('div', {class: 'part', id: 'review-changes'}, el('h3', {}, t('reviewChanges')), lines.length === 0 ? el('p', {class: 'quiet'}, t('reviewNoChanges')) : el('ul', {}, ...lines));
}

const LONGEST_NOTE = 500; // characters; the server takes 2,000 bytes

function notePart({draft}) {
  const field = el('textarea', {id: 'review-note', rows: '2', maxlength: String(LONGEST_NOTE), 'aria-describedby': 'review-note-hint', oninput: () => (draft.note = field.value)});
  field.value = draft.note;
  return el('div', {class: 'part'}, el('label', {for: 'review-note'}, t('reviewNote')), field, el('p', {class: 'quiet', id: 'review-note-hint'}, t('reviewNoteHint')));
}

// --- keeping ----------------------------------------------------------------------

// save sends the review. If somebody else was faster, that is shown, and the next try is
// based on it.
async function save(view) {
  const {call, review, draft, act} = view;
  if (review.isSaving) return;
  const problem = whyNotKept([call]);
  if (problem) {
    act.report(problem);
    return;
  }
  review.isSaving = true;
  act.say('reviewSaving');
  let isStale = false; // somebody else was faster
  const sent = draft.state; // one may go on while it is on its way
  try {
    const kept = await keep({text: call.text, ...(call.id === '' ? {} : {record: call.id}), model: call.model ?? '', ...(draft.basedOn === '' ? {} : {based_on: draft.basedOn}), ...draft.review()}, act.key());
    draft.basedOn = review.mine = kept.id;
    draft.markKept(sent);
    review.isKept = true;
    act.say('reviewSaved', {who: whoIs(kept)});
  } catch (error) {
    const before = review.mine;
    isStale = error.key === 'stale';
    if (isStale) await learn(call.text, review, act.key(), false).catch(act.report);
    act.report(review.mine === before ? error : new Problem('staleOwn'));
  } finally {
    review.isSaving = false;
    view.refill();
    if (isStale) document.getElementById('review-others')?.scrollIntoView({block: 'center'}); // the tools may cover it
  }
}

// --- keys -------------------------------------------------------------------------

// onKey does what a key stands for. Letters are left to fields in which one writes.
function onKey(event, view) {
  const {draft, act, change, section} = view;
  const {target, key} = event;
  const control = event.ctrlKey || event.metaKey;
  const isWriting = target.matches('textarea, input[type=text]');
  const item = target.closest('[data-item]')?.dataset.item;
  const keys = {
    'ctrl+s': () => keepOrDownload(view), 'ctrl+z': isWriting ? null : () => change(() => draft.undo()), 'ctrl+y': isWriting ? null : () => change(() => draft.redo()),
    Escape: () => (isWriting || target.matches('select') ? target.blur() : act.leave()),
  };
  if (!isWriting && !target.matches('select') && !control) {
    Object.assign(keys, {
      '?': showHelp, a: () => change(() => draft.accept()), z: () => change(() => draft.undo()), y: () => change(() => draft.redo()), s: () => keepOrDownload(view),
      c: item && (() => change(() => draft.toggle(item, 'checked'))), x: item && (() => change(() => draft.toggle(item, 'unsure'))),
      e: () => section.querySelector('#review-text')?.focus(), n: act.next, p: act.previous,
    });
    if (item === undefined || draft.item(item).kind === 'spans') { // not where a class or a criterion has the focus
      keys.Delete = keys.Backspace = () => view.remove?.();
      if (/^[1-9]$/.test(key)) keys[key] = () => view.give?.(Number(key) - 1);
    }
    if ((key === 'Enter' || key === ' ') && target.matches('mark, #review-text')) keys[key] = () => section.querySelector('.picker button:not(:disabled)')?.focus();
  }
  const f = event.altKey ? null : keys[control ? `ctrl+${key.toLowerCase()}` : key];
  if (!f) return;
  event.preventDefault();
  f();
}

// keepOrDownload is what "s" does: it keeps the review, or downloads it where nothing is kept.
const keepOrDownload = (view) => (known.keeping ? save(view) : view.act.download());
