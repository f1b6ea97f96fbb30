// What the page says, in the language that was chosen.
import categories from './categories.js';
import en from './en.js';
import sw from './sw.js';

const dictionaries = {en, sw};
let language = 'en';

export function setLanguage(name) {
  language = name;
}

export const currentLanguage = () => language;

// preferred is the first of the browser's languages that the page speaks.
export function preferred(wanted) {
  return wanted.map((name) => name.slice(0, 2).toLowerCase()).find((name) => name in dictionaries) ?? 'en';
}

// t is a text of the dictionary, its {names} replaced by values.
export function t(key, values = {}) {
  return dictionaries[language].texts[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// told is a Problem's text; of one in a file the text of that stands in it.
export function told({key, values}) {
  const {problem} = values;
  return t(`problem${key[0].toUpperCase()}${key.slice(1)}`, problem === undefined ? values : {...values, problem: told(problem)}).trim();
}

// nameOf is what a label, field or group of the built-in tasks is called; of
// others it is their own name, made readable.
export function nameOf(kind, name) {
  const names = dictionaries[language][kind];
  if (Object.hasOwn(names, name)) return names[name];
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// categoryOf is what a category or an intervention is called in the chosen language, where
// the table has a name; undefined otherwise.
export function categoryOf(label) {
  const names = categories[language] ?? {};
  return Object.hasOwn(names, label) ? names[label] : undefined;
}

// criterion is the name of the i-th criterion of a group of QA.
export function criterion(group, i) {
  const names = dictionaries[language].criteria;
  return (Object.hasOwn(names, group) && names[group][i]) || t('criterionNumber', {n: i + 1});
}

// criterionInEnglish is its name in files, which is the model's.
export function criterionInEnglish(group, i) {
  return (Object.hasOwn(en.criteria, group) && en.criteria[group][i]) || String(i + 1);
}

export function percent(value) {
  return new Intl.NumberFormat(language, {style: 'percent', maximumFractionDigits: 0}).format(value);
}

export function decimal(value) {
  return new Intl.NumberFormat(language, {minimumFractionDigits: 2, maximumFractionDigits: 2}).format(value);
}
