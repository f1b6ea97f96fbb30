// Reads many calls, some at a time, and goes on where it can.
import {predict} from './api.js';
import {Problem} from './problem.js';

const SOME = 8; // calls in a question
const TRIES = 5; // of a question that finds the server busy

// readAll sets prediction or problem of each call that has neither. It throws
// the problem that ended it; calls that are done stay done. onDone is called
// after each answer, onWait before each pause.
export async function readAll(calls, {onDone, onWait, ...ask}) {
  const left = calls.filter((call) => !call.prediction && !call.problem);
  let alone = 0; // calls to be asked for one by one: the server refuses one of them
  let tries = 0;
  while (left.length > 0) {
    const some = left.slice(0, alone > 0 ? 1 : SOME);
    try {
      const {predictions, model} = await predict(some.map((call) => call.text), ask);
      some.forEach((call, i) => Object.assign(call, {prediction: predictions[i], model}));
      onDone(model);
    } catch (problem) {
      const itsText = problem instanceof Problem && ['tooLarge', 'refused'].includes(problem.key);
      if (itsText && some.length > 1) {
        alone = some.length;
        continue;
      }
      if (problem.key === 'busy' && calls.length > 1 && tries < TRIES) {
        tries++;
        onWait(problem.values.seconds);
        await pause(problem.values.seconds, ask.signal);
        continue;
      }
      if (!itsText || calls.length === 1) throw problem;
      some[0].problem = problem;
      onDone();
    }
    tries = 0;
    alone -= alone > 0 ? 1 : 0;
    left.splice(0, some.length);
  }
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('stopped', 'AbortError'));
    });
  });
}
