// The page: what is asked, what is shown, in which language.
import {aboutModel, predict, wayToReadAll} from './api.js';
import {fromLines} from './calls.js';
import {el} from './dom.js';
import {example} from './example.js';
import {callName, showList} from './list.js';
import {readFiles} from './open.js';
import {newView, ordered} from './order.js';
import {count, entitiesOf, flagsOf} from './prediction.js';
import {Problem} from './problem.js';
import {readAll} from './reader.js';
import {showResult} from './result.js';
import {isUnsaved, prepare, showReview, toLines, whyNotKept} from './review.js';
import {unnamed} from './redacted.js';
import {schema} from './reviewapi.js';
import {download, toCSV, toJSON} from './save.js';
import {currentLanguage, nameOf, percent, preferred, setLanguage, t, told} from './words.js';

const $ = (id) => document.getElementById(id);

// What the page knows. All of it goes when the page is closed.
const state = {
  calls: [], // {id, text, prediction, problem}
  listed: false, // the calls came from a file, and have a table
  view: newView(), // what the table shows, in which order
  current: -1, // the call that is shown
  choices: {look: '', lookLabel: null, threshold: null},
  model: '',
  about: null, // what the server says of its model
  isCorrecting: false, // calls are shown to be corrected
  job: null, // an AbortController while calls are read
  look: null, // another, while it is asked what the model looked at
};
let refill = () => {}; // shows the table's news
let refillLooks = () => {}; // shows what is known of what the model looked at

// --- messages: kept as keys, so that they follow the language ---------------

const messages = {status: null, problem: null, notes: [], offer: []};

function say(key, values) {
  messages.status = key && {key, values};
  showMessages();
}

function complain(problem, offer = []) {
  messages.problem = problem;
  messages.offer = offer;
  showMessages();
}

// note shows what the user should know of the files that are read.
function note(notes) {
  messages.notes = notes;
  showMessages();
}

function showMessages() {
  const {status, problem, notes, offer} = messages;
  $('status').textContent = status ? t(status.key, status.values) : '';
  $('problem').textContent = problem ? told(problem) : '';
  $('notes').textContent = notes.map(told).join('\n');
  if ($('offer').contains(document.activeElement)) $('read').focus(); // the button goes
  $('offer').replaceChildren(...offer.map(({id, key, values, act}) => el('button', {type: 'button', id, onclick: act}, t(key, values))));
}

// report shows what went wrong. Errors that are no Problem are the page's own.
function report(error, offer = []) {
  if (error.name === 'AbortError') {
    say('stopped');
    return;
  }
  const problem = error instanceof Problem ? error : new Problem('failedHere');
  say(null);
  complain(problem, offer);
  if (problem.key === 'badKey') {
    $('key').closest('details').open = true;
    $('key').focus();
  }
  if (problem !== error) throw error;
}

// --- reading ------------------------------------------------------------------

// work runs f(signal) as the one job of the page; f's errors are shown with
// what again would do.
async function work(f, again) {
  state.job?.abort();
  const job = new AbortController();
  state.job = job;
  complain(null);
  $('stop').hidden = false;
  try {
    await f(job.signal);
  } catch (error) {
    if (state.job === job) report(error, error.name === 'AbortError' ? [] : again);
  } finally {
    if (state.job === job) {
      state.job = null;
      $('stop').hidden = true;
      $('progress').hidden = true;
    }
  }
}

// take replaces what the page shows by calls, and reads them.
function take(calls, {listed, notes = [], offer = []}) {
  if (!mayDrop()) return undefined;
  note(notes);
  state.look?.abort();
  Object.assign(state, {calls, listed, view: newView(), current: listed ? -1 : 0, isCorrecting: false});
  show();
  return readOn(offer);
}

// readOn reads the calls that haven't been.
function readOn(offer = []) {
  const {calls, listed} = state;
  const done = () => calls.filter((call) => call.prediction || call.problem).length;
  const progress = () => {
    say(listed ? 'readingSome' : 'reading', {done: done(), total: calls.length});
    $('progress').max = calls.length;
    $('progress').value = done();
  };
  const again = [{id: 'again', key: listed ? 'goOn' : 'again', act: () => readOn(offer)}];
  return work(async (signal) => {
    $('progress').hidden = !listed;
    progress();
    await readAll(calls, {
      key: $('key').value.trim(),
      signal,
      attention: !listed, // of a file's calls when they are opened
      onDone: (model) => {
        nameModel(model);
        progress();
        refill();
      },
      onWait: (seconds) => say('waiting', {seconds}),
    });
    if (listed) say('doneSome', {done: calls.filter((call) => call.prediction).length, total: calls.length});
    else sayOne(calls[0].prediction);
    complain(null, offer);
    if (listed) showAgain(); // the order may be another now
    else showCurrent();
  }, again);
}

function sayOne(p) {
  const {met, total} = flagsOf(p, state.choices.threshold).map(count)[0] ?? {met: 0, total: 0};
  const entities = entitiesOf(p).reduce((n, part) => n + part.entities.length, 0);
  say('doneOne', {entities, met, criteria: total});
}

// readWhole reads a long call in windows, where only its beginning was read.
const readWhole = (call) => readAnew(call, wayToReadAll);

// readAnew reads a call that has been read, in the way that wayOf gives, or as the model
// learnt to.
function readAnew(call, wayOf = async () => ({})) {
  if (isUnsaved(call) && !mayDrop()) return undefined;
  const again = [{id: 'again', key: 'again', act: () => readAnew(call, wayOf)}];
  return work(async (signal) => {
    say('reading');
    const way = await wayOf(signal);
    const {predictions, model} = await predict([call.text], {key: $('key').value.trim(), signal, ...way, attention: true});
    Object.assign(call, {prediction: predictions[0], model, review: undefined, redacted: undefined});
    nameModel(model);
    sayOne(call.prediction);
    refill();
    showCurrent();
    $('result-title').focus(); // the button is gone
  }, again);
}

// lookUp asks, once, what the model looked at in a file's call.
async function lookUp(call) {
  state.look?.abort();
  const {prediction} = call;
  if (!state.listed || prediction.attention) return;
  state.look = new AbortController();
  try {
    const {predictions, model} = await predict([call.text], {key: $('key').value.trim(), signal: state.look.signal, attention: true});
    if (nameOfModel(model) !== nameOfModel(call.model)) {
      if (state.calls[state.current]?.prediction === prediction) report(new Problem('otherModel'), [{id: 'again', key: 'readAnew', act: () => readAnew(call)}]);
      return;
    }
    prediction.attention = predictions[0].attention ?? {};
    prediction.label_attention = predictions[0].label_attention ?? {};
    if (state.calls[state.current]?.prediction === prediction) refillLooks();
  } catch (error) {
    if (error.name === 'AbortError') return;
    const act = () => {
      complain(null);
      lookUp(call);
    };
    report(error, [{id: 'again', key: 'again', act}]);
  }
}

const nameOfModel = (model) => (typeof model === 'string' ? model : model?.name);

function nameModel(model) {
  const name = nameOfModel(model);
  if (typeof name === 'string') {
    const short = name.length > 40 ? `${name.slice(0, 12)}…` : name; // the server's is a long hash
    if (state.model !== '' && short !== state.model) learnAbout(); // another has taken its place
    state.model = short;
  }
  showFooter();
}

function readTyped() {
  const text = $('transcript').value;
  if (text.trim() === '') {
    complain(new Problem('noText'));
    $('transcript').focus();
    return;
  }
  take([{id: '', text}], {listed: false});
}

// openFiles reads files that were chosen or dropped. A single file that is one call
// goes into the text field; if it has several lines they may be calls too.
async function openFiles(files) {
  try {
    const {calls, notes, content} = await readFiles(files);
    if (calls.length === 0) { // each has a note
      report(notes[0]);
      note(notes.slice(1));
      return;
    }
    state.choices.threshold = null; // another may have been right for other calls
    if (content === undefined) {
      $('transcript').value = '';
      say('filesRead', {name: files.map(({name}) => name).join(', '), n: calls.length});
      await take(calls, {listed: true, notes});
      return;
    }
    $('transcript').value = calls[0].text;
    const lines = content.split('\n').filter((line) => line.trim() !== '').length;
    const offer = lines < 2 ? [] : [{id: 'each-line', key: 'eachLine', values: {n: lines}, act: () => takeLines(content, notes)}];
    await take(calls, {listed: false, notes, offer});
  } catch (error) {
    note([]);
    report(error);
  }
}

function takeLines(content, notes) {
  try {
    state.choices.threshold = null;
    take(fromLines(content), {listed: true, notes});
  } catch (error) {
    report(error);
  }
}

// --- showing --------------------------------------------------------------------

function show() {
  showCalls();
  showCurrent();
  showFooter();
}

function showCalls() {
  $('calls').hidden = !state.listed;
  if (!state.listed) {
    refill = () => {};
    $('calls').replaceChildren();
    return;
  }
  refill = showList($('calls'), {
    calls: state.calls,
    view: state.view,
    choices: state.choices,
    open: openCall,
    shown: markOpen,
  });
  markOpen();
}

// showAgain shows the table in its order, which what was read may have changed. The focus
// stays on the call or control that has it.
function showAgain() {
  if (state.view.sort === '' && state.view.priority === '' && state.view.reviewed === '') {
    refill();
    return;
  }
  const {id, dataset} = document.activeElement;
  const at = document.activeElement.selectionStart;
  showCalls();
  const back = id ? $(id) : $('calls').querySelector(dataset.call === undefined ? `[data-sort="${dataset.sort}"]` : `[data-call="${dataset.call}"]`);
  if (!back) return;
  back.focus();
  if (typeof at === 'number' && back.setSelectionRange) back.setSelectionRange(at, at);
}

const shownOrder = () => ordered(state.calls, state.view, state.choices.threshold);

function openCall(i) {
  state.current = i;
  if (!$('calls').querySelector(`[data-call="${i}"]`)) {
    state.view.first = Math.max(0, shownOrder().indexOf(i));
    showCalls();
  }
  markOpen();
  if (state.isCorrecting) {
    correct(state.calls[i]);
    return;
  }
  showCurrent();
  $('result-title').focus();
  lookUp(state.calls[i]);
}

function showCurrent() {
  markStale();
  const call = state.calls[state.current];
  $('result').hidden = !call?.prediction;
  if (!call?.prediction) {
    $('result').replaceChildren();
    return;
  }
  const neighbour = (step) => {
    const order = shownOrder();
    const at = order.indexOf(state.current);
    for (let i = at + step; at >= 0 && i >= 0 && i < order.length; i += step) {
      if (state.calls[order[i]].prediction) return () => openCall(order[i]);
    }
    return null;
  };
  if (state.isCorrecting && call.review) {
    showReview($('result'), {
      call,
      title: state.listed ? callName(call, state.current) : t('call'),
      act: {
        key: () => $('key').value.trim(), say: sayReviewed, report, download: saveCorrections, leave: leaveCorrecting, changed: () => refill(),
        previous: state.listed && neighbour(-1),
        next: state.listed && neighbour(1),
      },
    });
    return;
  }
  $('result').onkeydown = null;
  refillLooks = showResult($('result'), {
    call,
    title: state.listed ? callName(call, state.current) : t('result'),
    choices: state.choices,
    act: {
      readWhole: () => readWhole(call),
      moved: () => {
        refill();
        if (messages.status?.key === 'doneOne') sayOne(call.prediction);
      },
      save,
      correct: () => correct(call),
      redact: entitiesOf(call.prediction).length > 0 && ((mode) => redact(call, mode)),
      saveRedacted: (format) => saveRedacted(call.redacted, format),
      saveAllRedacted: state.listed && (() => saveAllRedacted(call.redacted.mode)),
      leaveRedacted: () => leaveRedacted(call),
      back: state.listed && backToList,
      previous: state.listed && neighbour(-1),
      next: state.listed && neighbour(1),
    },
  });
}

// markOpen highlights the open call in the table.
function markOpen() {
  for (const button of $('calls').querySelectorAll('[data-call]')) {
    const isOpen = Number(button.dataset.call) === state.current;
    button.closest('tr').classList.toggle('open-call', isOpen);
    if (isOpen) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  }
}

// markStale says so where the text was changed after it was read. The example is offered
// while there is nothing else.
function markStale() {
  const written = $('transcript').value;
  $('example').hidden = written !== '' || state.calls.length > 0;
  const isStale = !state.listed && Boolean(state.calls[0]?.prediction) && written !== state.calls[0].text.replace(/\r\n?/g, '\n'); // as a text field has it
  $('stale').textContent = isStale ? t('stale') : '';
  $('result').classList.toggle('stale', isStale);
}

// correct shows a call to be corrected.
function correct(call) {
  return work(async () => {
    state.isCorrecting = false;
    await prepare(call, $('key').value.trim());
    if (state.calls[state.current] !== call) return;
    state.isCorrecting = true;
    refillLooks = () => {};
    showCurrent();
    $('result-title').focus();
  }, [{id: 'again', key: 'again', act: () => correct(call)}]);
}

// redact shows a call without names, by the labels of the model unless mode says how.
function redact(call, mode) {
  return work(async (signal) => {
    say('redacting');
    const key = $('key').value.trim();
    const modes = call.redacted?.modes ?? (await schema(key)).redact ?? [];
    const how = mode ?? (modes.includes('label') ? 'label' : modes[0]);
    const {predictions, model} = await predict([call.text], {key, signal, redact: how});
    const again = call.redacted !== undefined;
    call.redacted = {mode: how, modes, prediction: predictions[0], model};
    say('redacted', {n: (predictions[0].replaced ?? []).length});
    if (state.calls[state.current] !== call) return;
    showCurrent();
    $(again ? 'redact-mode' : 'redacted-title').focus();
  }, [{id: 'again', key: 'again', act: () => redact(call, mode)}]);
}

function leaveRedacted(call) {
  call.redacted = undefined;
  showCurrent();
  $('redact').focus();
}

// saveRedacted hands out a call without names: its text, or the answer as well.
function saveRedacted({prediction, model}, format) {
  const name = `trident-redacted.${format}`;
  if (format === 'txt') download(name, 'text/plain;charset=utf-8', `${prediction.text}\n`);
  else download(name, 'application/json', toJSON([{id: '', prediction, model}], null, {attention: false}));
  say('saved', {name});
}

// saveAllRedacted hands out all calls without names. They have numbers instead of ids.
function saveAllRedacted(mode) {
  const calls = unnamed(state.calls);
  return work(async (signal) => {
    const progress = () => say('redactingSome', {done: calls.filter((call) => call.prediction || call.problem).length, total: calls.length});
    progress();
    await readAll(calls, {key: $('key').value.trim(), signal, redact: mode, onDone: progress, onWait: (seconds) => say('waiting', {seconds})});
    download('trident-redacted.json', 'application/json', toJSON(calls, null, {attention: false}));
    say('saved', {name: 'trident-redacted.json'});
  }, [{id: 'again', key: 'again', act: () => saveAllRedacted(mode)}]);
}

function leaveCorrecting() {
  state.isCorrecting = false;
  showCurrent();
  $('correct').focus();
  lookUp(state.calls[state.current]);
}

function sayReviewed(key, values) {
  complain(null);
  say(key, values);
}

// saveCorrections hands out the corrections of all calls, with their texts.
function saveCorrections() {
  const problem = whyNotKept(state.calls);
  if (problem) {
    report(problem);
    return;
  }
  complain(null);
  download('trident-reviews.jsonl', 'application/x-ndjson', toLines(state.calls));
  state.calls.forEach((call) => call.review?.draft.markKept());
  refill();
  say('saved', {name: 'trident-reviews.jsonl'});
}

// mayDrop asks before corrections that are nowhere else are lost.
const mayDrop = () => !state.calls.some(isUnsaved) || window.confirm(t('reviewUnsaved'));

function backToList() {
  const i = state.current;
  state.view.first = Math.max(0, shownOrder().indexOf(i));
  showCalls();
  ($('calls').querySelector(`[data-call="${i}"]`) ?? $('calls-title')).focus(); // it may be filtered out
}

// save hands out all calls that have been read.
function save(format) {
  const name = `trident-${state.listed ? 'calls' : 'call'}.${format}`;
  if (format === 'json') download(name, 'application/json', toJSON(state.calls, state.choices.threshold, {attention: !state.listed}));
  else download(name, 'text/csv;charset=utf-8', toCSV(state.calls, state.choices.threshold));
  say('saved', {name});
}

function showFooter() {
  const {about} = state;
  const scores = (about?.tasks ?? []).map(({name, figure, score, test, calls}) =>
    t(test ? 'modelTest' : 'modelValidation', {task: nameOf('tasks', name), figure: figure.replaceAll('_', ' '), score: percent(score), calls: calls ?? '–'}));
  $('footer').replaceChildren(...[
    state.model === '' ? '' : t('model', {name: about?.name ? `${about.name} (${state.model})` : state.model}), ...scores,
  ].filter((line) => line !== '').map((line) => el('div', {}, line)));
  $('demo').hidden = !about?.made_up;
}

// learnAbout asks what the server's model is, for the footer and the demo banner.
async function learnAbout() {
  state.about = (await aboutModel()) ?? {};
  showFooter();
}

function speak(language) {
  setLanguage(language);
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll('[data-t-label]')) element.setAttribute('aria-label', t(element.dataset.tLabel));
  for (const button of document.querySelectorAll('[data-language]')) button.setAttribute('aria-pressed', String(button.dataset.language === currentLanguage()));
  showMessages();
  show();
}

// forget leaves nothing of the calls.
function forget() {
  state.job?.abort();
  state.job = null;
  state.look?.abort();
  Object.assign(state, {calls: [], listed: false, view: newView(), current: -1, isCorrecting: false, choices: {look: '', lookLabel: null, threshold: null}});
  $('transcript').value = '';
  $('stop').hidden = true;
  $('progress').hidden = true;
  note([]);
  complain(null);
  show();
}

// --- what the user does ---------------------------------------------------------

$('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  readTyped();
});
$('transcript').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) readTyped();
});
$('transcript').addEventListener('input', markStale);
$('example').addEventListener('click', () => {
  $('transcript').value = example;
  readTyped();
  $('read').focus(); // the button goes
});
$('stop').addEventListener('click', () => {
  state.job?.abort();
  $('read').focus();
});
$('open').addEventListener('click', () => $('file').click());
$('file').addEventListener('change', () => {
  const files = [...$('file').files];
  $('file').value = ''; // so that the same file can be chosen again
  if (files.length > 0) openFiles(files);
});
$('clear').addEventListener('click', () => {
  if (!mayDrop()) return;
  forget();
  say('cleared');
  $('transcript').focus();
});
window.addEventListener('beforeunload', (event) => {
  if (state.calls.some(isUnsaved)) event.preventDefault();
});
// A browser may keep a page that was left, as it is, for its "back" button.
window.addEventListener('pagehide', () => {
  forget();
  say(null);
  $('key').value = '';
});
for (const button of document.querySelectorAll('[data-language]')) button.addEventListener('click', () => speak(button.dataset.language));

const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
document.addEventListener('dragover', (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  document.body.classList.add('dropping');
});
document.addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) document.body.classList.remove('dropping');
});
document.addEventListener('drop', (event) => {
  document.body.classList.remove('dropping');
  if (!hasFiles(event)) return;
  event.preventDefault();
  const files = [...event.dataTransfer.files];
  if (files.length > 0) openFiles(files);
});

learnAbout();
speak(preferred([new URLSearchParams(location.search).get('lang') ?? '', ...navigator.languages])); // ?lang=sw
