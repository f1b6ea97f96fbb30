// What a person says of a call's labels, beside what the model proposes. A draft
// is in memory alone.
import {classesOf, entitiesOf, flagsOf} from './prediction.js';

// itemsOf lists what can be right or wrong in a prediction: a task's entities
// (kind 'spans'), the label of a head ('class') and a yes/no label ('flag'). Keys
// are those of pkg/reviews: ner, cls/priority, qa/opening/0.
export function itemsOf(p) {
  const items = [];
  for (const {task, entities} of entitiesOf(p)) {
    const name = task || 'ner';
    items.push({key: name, task: name, kind: 'spans', proposed: entities.map(({start, end, label}) => ({start, end, label}))});
  }
  for (const {task, heads} of classesOf(p)) {
    const name = task || 'cls';
    for (const {field, value, scores} of heads) items.push({key: `${name}/${field}`, task: name, kind: 'class', field, scores, proposed: value});
  }
  for (const {task, groups} of flagsOf(p, null)) {
    const own = task || 'qa';
    for (const {field, flags} of groups) {
      flags.forEach(({name, met, score}, i) => items.push({key: `${own}/${field}/${name ?? i}`, task: own, kind: 'flag', field, name, i, score, proposed: met}));
    }
  }
  return items;
}

// toLabels makes pkg/reviews' labels of items; those whose value is undefined are
// left away.
export function toLabels(items, valueOf) {
  const labels = {};
  for (const item of items) {
    const value = valueOf(item);
    if (value === undefined) continue;
    const {task, kind, field, name, i} = item;
    const own = () => ((labels.tasks ??= {})[task] ??= {});
    if (kind === 'spans' && task === 'ner') labels.entities = value;
    else if (kind === 'spans') own().entities = value;
    else if (kind === 'class' && task === 'cls') (labels.classification ??= {})[field] = value;
    else if (kind === 'class') own()[field] = value;
    else if (task === 'qa') ((labels.qa ??= {})[field] ??= [])[i] = Number(value);
    else (own()[field] ??= {})[name] = Number(value);
  }
  for (const [field, list] of Object.entries(labels.qa ?? {})) labels.qa[field] = Array.from(list, (value) => value ?? -1);
  return labels;
}

// valueIn is an item's value in pkg/reviews' labels, or undefined.
export function valueIn(labels, {task, kind, field, name, i}) {
  const own = labels.tasks?.[task];
  if (kind === 'spans') return task === 'ner' ? labels.entities : own?.entities;
  if (kind === 'class') return task === 'cls' ? labels.classification?.[field] : own?.[field];
  const value = task === 'qa' ? labels.qa?.[field]?.[i] : own?.[field]?.[name];
  return value === undefined || value < 0 ? undefined : value === 1;
}

export const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class Draft {
  #past = [];
  #future = [];
  #kept;

  constructor(prediction) {
    this.items = itemsOf(prediction);
    this.now = {values: Object.fromEntries(this.items.map(({key, proposed}) => [key, proposed])), status: {}};
    this.note = '';
    this.basedOn = ''; // the latest review that is known
    this.markKept();
  }

  // start takes over what somebody said in an earlier review.
  start(review) {
    for (const item of this.items) {
      const value = valueIn(review.new, item);
      if (value !== undefined) {
        this.now.values[item.key] = value;
        this.now.status[item.key] = 'checked';
      }
      if (review.unsure?.includes(item.key)) this.now.status[item.key] = 'unsure';
    }
    this.note = review.note ?? '';
    this.markKept();
  }

  // adopt takes over what the reviewer has said elsewhere, where nothing is said here.
  adopt(review) {
    this.change((next) => {
      for (const item of this.items) {
        if (next.status[item.key] !== undefined || this.isChanged(item)) continue;
        const value = valueIn(review.new, item);
        if (value !== undefined) next.values[item.key] = value;
        if (review.unsure?.includes(item.key)) next.status[item.key] = 'unsure';
        else if (value !== undefined) next.status[item.key] = 'checked';
      }
    });
    if (this.note === '') this.note = review.note ?? '';
  }

  // state is all that a person has said so far.
  get state() {
    return JSON.stringify([this.now, this.note]);
  }

  // markKept says that a state is kept elsewhere: what is now, or what was when it was sent.
  markKept(state = this.state) {
    this.#kept = state;
  }

  get isDirty() {
    return this.state !== this.#kept;
  }

  // changes is how many changes there are: of entities each counts.
  get changes() {
    return this.items.filter((item) => this.isChanged(item)).reduce((n, {kind, key, proposed}) =>
      n + (kind === 'spans' ? diffSpans(proposed, this.now.values[key]).filter(({was, now}) => was !== now).length : 1), 0);
  }

  // unchecked are the items that were changed, of which nothing would be kept.
  get unchecked() {
    return this.items.filter((item) => this.isChanged(item) && this.now.status[item.key] === undefined);
  }

  // saysSomething is whether there is anything to keep.
  get saysSomething() {
    return Object.keys(this.now.status).length > 0 || this.note.trim() !== '';
  }

  // change lets f change a copy of what is now, which can be undone.
  change(f) {
    const next = structuredClone(this.now);
    f(next);
    if (isSame(next, this.now)) return;
    this.#past.push(this.now);
    this.#future = [];
    this.now = next;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  undo() {
    if (!this.canUndo) return;
    this.#future.push(this.now);
    this.now = this.#past.pop();
  }

  redo() {
    if (!this.canRedo) return;
    this.#past.push(this.now);
    this.now = this.#future.pop();
  }

  item(key) {
    return this.items.find((item) => item.key === key);
  }

  isChanged({key, proposed}) {
    return !isSame(this.now.values[key], proposed);
  }

  // set gives an item a value, which is checked then; of entities only that they are
  // changed is known.
  set(key, value) {
    this.change((next) => {
      next.values[key] = value;
      if (this.item(key).kind !== 'spans') next.status[key] = 'checked';
    });
  }

  // choose gives a head a label, and heads that depend on it theirs. follows are those
  // of v1/labels, by key: {key, labels}, of the head that determines that one.
  choose(key, label, follows) {
    this.change((next) => {
      next.values[key] = label;
      next.status[key] = 'checked';
      for (const [main, {key: from, labels}] of Object.entries(follows)) {
        if (from === key && labels[label] !== undefined && main in next.values) {
          next.values[main] = labels[label];
          next.status[main] = 'checked';
        }
      }
      const {key: from, labels} = follows[key] ?? {};
      if (from === undefined || !(from in next.values) || [undefined, label].includes(labels[next.values[from]])) return;
      const fitting = Object.entries(this.item(from).scores).filter(([name]) => [undefined, label].includes(labels[name])).sort((a, b) => b[1] - a[1]);
      if (fitting.length === 0) return;
      [next.values[from]] = fitting[0];
      delete next.status[from]; // the person has to look
    });
  }

  // toggle sets an item's status, or none if it has that.
  toggle(key, status) {
    this.change((next) => {
      if (next.status[key] === status) delete next.status[key];
      else next.status[key] = status;
    });
  }

  // accept takes all items, but those that somebody isn't sure of, for checked.
  accept(items = this.items) {
    this.change((next) => items.forEach(({key}) => (next.status[key] ??= 'checked')));
  }

  // review is what POST v1/reviews takes, without the call.
  review() {
    const {values, status} = this.now;
    const note = this.note.trim();
    return {
      old: toLabels(this.items, ({proposed}) => proposed),
      new: toLabels(this.items, ({key}) => (status[key] === 'checked' ? values[key] : undefined)),
      unsure: this.items.filter(({key}) => status[key] === 'unsure').map(({key}) => key),
      ...(note === '' ? {} : {note}),
    };
  }
}

// label gives [start, end) of spans a label, in place of what it overlaps.
export function withSpan(spans, span) {
  const others = spans.filter(({start, end}) => end <= span.start || start >= span.end);
  return [...others, span].sort((a, b) => a.start - b.start);
}

export const withoutSpan = (spans, {start, end}) => spans.filter((span) => span.start !== start || span.end !== end);

// diffSpans lists what became of the proposed entities: {span, was, now}, with the
// proposed and the present label; undefined where there is none.
export function diffSpans(proposed, now) {
  const at = new Map();
  for (const span of proposed) at.set(`${span.start}-${span.end}`, {span, was: span.label});
  for (const span of now) {
    const place = `${span.start}-${span.end}`;
    at.set(place, {...(at.get(place) ?? {span}), now: span.label});
  }
  return [...at.values()].sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}
