// Which calls of a file the table shows, and in which order.
import {classesOf, count, entitiesOf, flagsOf} from './prediction.js';

// newView is the table as it is first: all calls, as they are in the file.
export const newView = () => ({sort: '', isDown: false, priority: '', reviewed: '', search: '', first: 0});

// certainty is the probability of a prediction's least certain answer, 0 to 1; null if it
// has no probabilities.
export function certainty(p) {
  const all = [
    ...entitiesOf(p).flatMap(({entities}) => entities.map(({least}) => least)),
    ...classesOf(p).flatMap(({heads}) => heads.map(({value, scores}) => scores[value])),
    ...flagsOf(p, null).flatMap(({groups}) => groups.flatMap(({flags}) => flags.map(({score}) => (score === undefined ? undefined : Math.max(score, 1 - score))))),
  ].filter((value) => typeof value === 'number');
  return all.length === 0 ? null : Math.min(...all);
}

// costOf is what it is expected to cost to leave a call unchecked: the server's, or how
// uncertain the least certain answer is.
export function costOf({prediction: p}) {
  if (!p) return null;
  if (typeof p.review?.cost === 'number') return p.review.cost;
  const sure = certainty(p);
  return sure === null ? null : 1 - sure;
}

const isReviewed = ({review}) => Boolean(review && (review.isKept || review.others.length > 0));

const criteriaOf = (p, threshold) => {
  const flags = flagsOf(p, threshold)[0];
  if (!flags) return null;
  const {met, total} = count(flags);
  return met / total;
};

// values are what the columns order by; null comes last either way.
const values = {
  call: ({call}) => call.id || null,
  cost: ({call}) => costOf(call),
  main_category: ({call}) => call.prediction?.classification?.main_category ?? null,
  priority: ({call}) => call.prediction?.classification?.priority ?? null,
  criteriaColumn: ({call, threshold}) => (call.prediction ? criteriaOf(call.prediction, threshold) : null),
  entities: ({call}) => (call.prediction ? entitiesOf(call.prediction).reduce((n, part) => n + part.entities.length, 0) : null),
};

// downFirst are the columns whose highest values matter most.
export const downFirst = ['cost', 'entities'];

const compare = (a, b) => (typeof a === 'number' ? a - b : a.localeCompare(b, undefined, {numeric: true}));

// ordered are the places in calls of those that view shows, in its order. Calls that are
// alike stay as they are in the file.
export function ordered(calls, view, threshold) {
  const wanted = view.search.trim().toLocaleLowerCase();
  const shown = calls.map((call, i) => ({call, i, threshold})).filter(({call}) =>
    (wanted === '' || call.id.toLocaleLowerCase().includes(wanted) || call.text.toLocaleLowerCase().includes(wanted))
    && (view.priority === '' || call.prediction?.classification?.priority === view.priority)
    && (view.reviewed === '' || isReviewed(call) === (view.reviewed === 'yes')));
  if (view.sort !== '') {
    const keyed = shown.map((entry) => ({...entry, value: values[view.sort](entry)}));
    keyed.sort((a, b) => {
      if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || a.i - b.i;
      return (view.isDown ? -1 : 1) * compare(a.value, b.value) || a.i - b.i;
    });
    return keyed.map(({i}) => i);
  }
  return shown.map(({i}) => i);
}
