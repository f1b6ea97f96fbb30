// What the page asks the server of reviews.
import {asked, body, refusal} from './api.js';
import {Problem} from './problem.js';

async function ask(path, key, content) {
  if (!/^[\x21-\x7e]*$/.test(key)) throw new Problem('badKey'); // no header can hold it
  const headers = key === '' ? {} : {Authorization: `Bearer ${key}`};
  const request = {headers, cache: 'no-store', redirect: 'error'};
  if (content !== undefined) {
    headers['Content-Type'] = 'application/json';
    Object.assign(request, {method: 'POST', body: JSON.stringify(content)});
  }
  const answer = await asked(path, request);
  if (!answer.ok) throw await refusal(answer);
  return body(answer);
}

// keeping says whether the server keeps reviews: null, or {texts, retention_days}.
export async function keeping() {
  const answer = await asked('readyz', {cache: 'no-store', redirect: 'error'});
  if (!answer.ok) throw await refusal(answer); // it isn't known, which isn't to be taken for no
  return (await body(answer))?.reviews ?? null;
}

// schema is what the model can say: {tasks: [{name, kind, heads}]}.
export const schema = (key) => ask('v1/labels', key);

// find has the reviews of a text: {you, reviews}, the latest of each reviewer.
export async function find(text, key) {
  const {you, calls} = await ask('v1/reviews/find', key, {texts: [text]});
  return {you, reviews: calls[0]};
}

// keep keeps a review. One that doesn't know the call's latest is the Problem 'stale'.
export const keep = (review, key) => ask('v1/reviews', key, review);
