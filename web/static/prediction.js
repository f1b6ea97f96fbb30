// What a prediction of the server holds, in one shape for the page and its
// files: the built-in tasks, and a user's own under "tasks".

// entitiesOf lists [{task, entities}]; the built-in task's name is "".
export function entitiesOf(p) {
  const list = p.entities ? [{task: '', entities: p.entities}] : [];
  for (const [task, own] of Object.entries(p.tasks ?? {})) {
    if (Array.isArray(own.entities)) list.push({task, entities: own.entities});
  }
  return list;
}

// classesOf lists [{task, heads: [{field, value, scores}]}], scores being the
// labels' probabilities.
export function classesOf(p) {
  const heads = (classes, scores) => Object.entries(classes).map(([field, value]) => ({field, value, scores: scores?.[field] ?? {}}));
  const list = p.classification ? [{task: '', heads: heads(p.classification, p.scores?.classification)}] : [];
  for (const [task, own] of Object.entries(p.tasks ?? {})) {
    if (!Array.isArray(own.tokens) && Object.values(own).every((value) => typeof value === 'string')) {
      list.push({task, heads: heads(own, p.scores?.tasks?.[task])});
    }
  }
  return list;
}

// flagsOf lists [{task, groups: [{field, flags: [{name, met, score}]}]}] at a
// threshold, which is the server's own where it is null. The built-in task's
// flags have no name but their place.
export function flagsOf(p, threshold) {
  const flag = (name, value, score) => ({name, score, met: threshold === null || score === undefined ? value === 1 : score > threshold});
  const list = [];
  if (p.qa) {
    const groups = Object.entries(p.qa).map(([field, values]) => ({field, flags: values.map((value, i) => flag(null, value, p.scores?.qa?.[field]?.[i]))}));
    list.push({task: '', groups});
  }
  for (const [task, own] of Object.entries(p.tasks ?? {})) {
    if (Array.isArray(own.tokens) || !Object.values(own).every((value) => value !== null && typeof value === 'object')) continue;
    const groups = Object.entries(own).map(([field, values]) => ({
      field,
      flags: Object.entries(values).map(([name, value]) => flag(name, value, p.scores?.tasks?.[task]?.[field]?.[name])),
    }));
    list.push({task, groups});
  }
  return list;
}

// count is how many of the flags there are, and how many are met.
export function count({groups}) {
  const flags = groups.flatMap((group) => group.flags);
  return {met: flags.filter((flag) => flag.met).length, total: flags.length};
}
