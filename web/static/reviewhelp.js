// The keys of the review, shown by "?".
import {el} from './dom.js';
import {t} from './words.js';

const keys = [
  ['?', 'reviewKeyHelp'],
  ['a', 'reviewKeyAccept'],
  ['c', 'reviewKeyChecked'],
  ['x', 'reviewKeyUnsure'],
  ['z, Ctrl+Z', 'reviewKeyUndo'],
  ['y, Ctrl+Y', 'reviewKeyRedo'],
  ['s, Ctrl+S', 'reviewKeySave'],
  ['e', 'reviewKeyText'],
  ['← →', 'reviewKeyWord'],
  ['Shift + ← →', 'reviewKeyWords'],
  ['1 … 9', 'reviewKeyLabel'],
  ['Delete', 'reviewKeyDelete'],
  ['n, p', 'reviewKeyNext'],
  ['Esc', 'reviewKeyLeave'],
];

// showHelp opens the list of keys over the page; closed, the focus returns.
export function showHelp() {
  const back = document.activeElement;
  const close = el('button', {type: 'button', id: 'review-help-close', onclick: () => dialog.close()}, t('reviewClose'));
  const dialog = el('dialog', {id: 'review-help', 'aria-labelledby': 'review-help-title'},
    el('h2', {id: 'review-help-title'}, t('reviewKeys')),
    el('p', {class: 'quiet'}, t('reviewKeysHint')),
    el('dl', {}, ...keys.flatMap(([key, text]) => [el('dt', {}, ...key.split(/(, | … )/).map((part) => (/^[, …]+$/.test(part) ? part : el('kbd', {}, part)))), el('dd', {}, t(text))])),
    close);
  dialog.addEventListener('close', () => {
    dialog.remove();
    back?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}
