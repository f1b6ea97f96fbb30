// A call without names: its text as the server redacts it, to be handed on.
import {el} from './dom.js';
import {markedText} from './marked.js';
import {nameOf, t} from './words.js';

// showRedacted is the part of a call's result that shows it without names. redacted is
// {mode, modes, prediction}. act holds what its controls do: redact(mode),
// saveRedacted(format), saveAllRedacted where there are several calls, and leaveRedacted.
export function showRedacted({mode, modes, prediction}, act) {
  const choice = el('select', {id: 'redact-mode', onchange: () => act.redact(choice.value)},
    ...modes.map((name) => el('option', {value: name, selected: name === mode}, nameOf('redactions', name))));
  const text = markedText(prediction.text, prediction.replaced ?? []);
  text.id = 'redacted-text';
  const button = (id, key, f) => f && el('button', {type: 'button', id, onclick: f}, t(key));
  return el('div', {class: 'part', id: 'redacted', role: 'region', 'aria-labelledby': 'redacted-title'},
    el('h3', {id: 'redacted-title', tabindex: '-1'}, t('redactTitle')),
    el('p', {class: 'notice'}, t('redactHint')),
    el('p', {class: 'control'}, el('label', {for: 'redact-mode'}, t('redactHow')), ' ', choice),
    text,
    el('div', {class: 'actions'},
      button('save-redacted', 'redactSave', () => act.saveRedacted('txt')),
      button('save-redacted-json', 'redactSaveJSON', () => act.saveRedacted('json')),
      button('save-all-redacted', 'redactSaveAll', act.saveAllRedacted),
      button('leave-redacted', 'redactLeave', act.leaveRedacted)));
}

// unnamed are calls whose ids, which may be names, are their numbers instead.
export const unnamed = (calls) => calls.map(({text}, i) => ({id: String(i + 1), text}));
