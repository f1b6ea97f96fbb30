// What a model looked at for each label, where it has an attention for each.
import {criterion, nameOf} from './words.js';

// attentionsOf lists a task's heads as [{field, labels: [{name, weights}]}], weights being
// [{start, end, weight}] of the words; a head of classes has one, without a name. It is
// empty where the labels share an attention.
export function attentionsOf(p, task) {
  const words = p.attention?.[task] ?? [];
  const weigh = (list) => words.map(({start, end}, i) => ({start, end, weight: list[i]}));
  return Object.entries(p.label_attention?.[task] ?? {}).map(([field, own]) => ({
    field,
    labels: Array.isArray(own)
      ? [{name: '', weights: weigh(own)}]
      : Object.entries(own).map(([label, list], i) => ({name: task === 'qa' ? criterion(field, i) : nameOf('fields', label), weights: weigh(list)})),
  }));
}
