// What the page asks the server: POST v1/predict, and readyz about its model.
import {Problem} from './problem.js';

// predict asks for the predictions of texts: {predictions, model}; with attention,
// for what the model looked at, too; long and overlap say how long calls are read; with
// redact, names are replaced in that way. What goes wrong is a Problem, whose values hold the answer's status; that the user
// stopped it is an AbortError.
export async function predict(texts, {key = '', signal, long, overlap, attention = false, redact} = {}) {
  const headers = {'Content-Type': 'application/json'};
  if (!/^[\x21-\x7e]*$/.test(key)) throw new Problem('badKey'); // no header can hold it
  if (key !== '') headers.Authorization = `Bearer ${key}`;
  const question = {texts, text_scores: true, attention}; // the words' probabilities, which are most, aren't shown
  if (long !== undefined) question.long = long;
  if (overlap !== undefined) question.overlap = overlap;
  if (redact !== undefined) question.redact = redact;
  const answer = await asked('v1/predict', {method: 'POST', headers, body: JSON.stringify(question), signal, cache: 'no-store', redirect: 'error'});
  if (!answer.ok) throw await refusal(answer);
  const result = await body(answer);
  if (!Array.isArray(result?.predictions) || result.predictions.length !== texts.length) throw new Problem('oddAnswer', {status: answer.status});
  return result;
}

// OVERLAP is how many tokens two windows of a long call share, where the model
// reads enough at once.
const OVERLAP = 128;

// wayToReadAll is how all of a long call is read: by a model that learnt windows in
// {long: 'windows'}, also where it learnt no more than their beginnings; otherwise in
// windows with an overlap, of which the server takes at most half of what the model reads
// at once.
export async function wayToReadAll(signal) {
  try {
    const answer = await fetch('readyz', {signal, cache: 'no-store', redirect: 'error'});
    const {max_length: length, windows} = await answer.json();
    if (windows === true) return {long: 'windows'};
    return {overlap: length > 0 ? Math.min(OVERLAP, Math.floor(length / 2)) : OVERLAP};
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    return {overlap: OVERLAP}; // the question itself tells what is wrong
  }
}

// aboutModel is what the server says of its model: {name, made_up, tasks}; null if it says
// nothing.
export async function aboutModel() {
  try {
    const answer = await fetch('readyz', {cache: 'no-store', redirect: 'error'});
    return answer.ok ? ((await answer.json())?.about ?? null) : null;
  } catch {
    return null; // the first question tells what is wrong
  }
}

// asked is fetch, whose failures are Problems.
export async function asked(path, request) {
  try {
    return await fetch(path, request);
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Problem('away');
  }
}

// body is what an answer holds, as JSON.
export async function body(answer) {
  try {
    return await answer.json();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw error instanceof SyntaxError ? new Problem('oddAnswer', {status: answer.status}) : new Problem('away');
  }
}

const keys = {400: 'refused', 401: 'badKey', 403: 'badKey', 409: 'stale', 413: 'tooLarge', 422: 'refused', 429: 'busy', 503: 'notReady', 507: 'noRoom'};

// refusal makes a Problem of an answer that is no success: problem+json of
// RFC 9457, or whatever a proxy says.
export async function refusal(answer) {
  const said = await answer.json().catch(() => null);
  const seconds = Math.ceil(Number(answer.headers.get('Retry-After')));
  return new Problem(keys[answer.status] ?? 'failed', {
    status: answer.status,
    detail: [said?.detail, said?.title].find((text) => typeof text === 'string') ?? '',
    seconds: seconds > 0 && seconds < 3600 ? seconds : 1,
  });
}
