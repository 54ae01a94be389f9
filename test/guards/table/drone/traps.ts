import { type Guard, guardsOf } from '../../guard.ts';

// What a real Drone was measured to do, most costly first: each has a rule against it, by the number of the trap.

const traps = ['test/drone/traps.test.ts'];

const trap = (number: number, file: string, rule: Parameters<typeof guardsOf>[3][number]): readonly Guard[] =>
  guardsOf('drone', `src/drone/${file}`, traps, [
    { only: `trap ${number}:`, ...rule, rule: `trap ${number}: ${rule.rule}` },
  ]);

export const guards: readonly Guard[] = [
  ...trap(1, 'trigger.ts', {
    rule: '200 with the body null is no build, and is not asked for again',
    code: 'drone-nothing-matched',
    find: 'if (answer.body === null)',
    replace: 'if (answer.status === 0)',
  }),
  ...trap(2, 'connection.ts', {
    rule: 'a redirect is never followed',
    code: 'drone-redirected',
    find: 'if (status >= 300 && status <= 399)',
    replace: 'if (status === 0)',
  }),
  ...trap(3, 'preflight.ts', {
    rule: 'an invalid token is told although a guest may read',
    code: 'drone-token-rejected',
    find: 'if (answer.status === 401) throw unauthorized();\n  if (answer.status === 403)',
    replace:
      "if (answer.status === 401) return { login: 'nobody', admin: false, active: true };\n  if (answer.status === 403)",
  }),
  ...trap(4, 'connection.ts', {
    rule: 'no answer means that nobody knows, not that there is no build',
    code: 'trigger-unknown',
    find: "const reached = socket === undefined ? 'never' : 'maybe';",
    replace: "const reached = 'never' as 'never' | 'maybe';",
  }),
  ...trap(5, 'ours.ts', {
    rule: 'the same trigger twice is two builds, told apart by the nonce',
    code: 'not-ours',
    find: 'if (!sameParams(task.params, build.params)) return',
    replace: 'if (build.number < 0) return',
  }),
  ...trap(6, 'trigger.ts', {
    rule: 'what became of the parameters is compared with what was sent',
    code: 'not-ours',
    find: 'const differs = difference(task, build);',
    replace: 'const differs = difference(task, build)?.slice(0, 0) || undefined;',
  }),
  ...trap(7, 'verdict.ts', {
    rule: 'success may mean that nothing ran',
    code: 'nothing-ran',
    find: "if (!steps.some(({ stage, step }) => step.status === 'success' && !isClone(stage, step)))",
    replace: 'if (build.number < 0)',
  }),
  ...trap(8, 'verdict.ts', {
    rule: "killed may be the repository's time-out",
    code: 'build-timed-out',
    find: 'if (byTimeout(seen))',
    replace: 'if (build.number < 0)',
  }),
  ...trap(9, 'limits.ts', {
    rule: 'blocked is only on the stage',
    code: 'build-blocked',
    find: "if (has('blocked')) return 'blocked';",
    replace: "if (has('blocked')) return 'pending';",
  }),
  ...trap(10, 'verdict.ts', {
    rule: 'a build whose stages are all done has not ended before it says so',
    code: 'drone-lost',
    find: 'if (!isDone(build)) return unfinished(seen);',
    replace:
      'if (!isDone(build) && !(build.stages ?? []).every(isDone)) return unfinished(seen);\n  else if (!isDone(build)) return success(seen);',
  }),
  ...trap(11, 'limits.ts', {
    rule: 'pending for ever has a limit',
    code: 'never-started',
    find: "if (this.#phase === 'pending' && waited > queue) return 'queue';",
    replace: "if (this.#phase === 'pending' && waited > queue + 600_000) return 'queue';",
  }),
  ...trap(12, 'lines.ts', {
    rule: 'an entry is not a line',
    find: 'if (from < out.length) this.#append(out.slice(from));',
    replace: 'if (from < out.length) this.#append(`${out.slice(from)} `);',
  }),
  ...trap(13, 'logs.ts', {
    rule: 'the live stream loses lines, and the stored log brings them',
    find: "entry.joiner.take(item, 'stored');",
    replace: 'void item;',
    tests: ['test/drone/logs.test.ts'],
    only: '8,000 lines at once',
  }),
  ...trap(14, 'follow.ts', {
    rule: 'the end of a stream is not the end of a step',
    find: 'onOver: () => alarm.ring(),',
    replace: "onOver: () => (last = { ...last, status: 'success', stages: last.stages ?? [] }),",
  }),
  ...trap(15, 'stored.ts', {
    rule: 'the stored log of a step without commands is null',
    find: "outside !== 'null' || this.#depth !== 0",
    replace: 'outside !== null',
  }),
  ...trap(16, 'lines.ts', {
    rule: "what Drone's runner masks comes through as it masked it",
    find: 'if (!this.#skipping) this.#sink.line(this.#open.take());',
    replace: "if (!this.#skipping) this.#sink.line(this.#open.take().replaceAll('secret', ''));",
  }),
  ...trap(17, 'verdict.ts', {
    rule: 'a cancel that somebody else sends is seen, and is not called ours',
    code: 'build-killed',
    find: 'if (asked !== undefined)',
    replace: 'if (build.number > 0)',
  }),
  ...trap(18, 'cancel.ts', {
    rule: 'of two cancels at once the one that Drone refuses is sent again',
    find: 'if (Date.now() >= until || options.over.aborted) return',
    replace: 'if (options.poll !== 0) return',
    tests: ['test/drone/cancel.test.ts'],
    only: '409',
  }),
  ...trap(19, 'verdict.ts', {
    rule: 'a cancel that does not reach the runner is not called a cancel',
    code: 'cancel-lost',
    find: "if (cancelLost !== undefined)\n    return {\n      verdict: 'cancel-lost',\n      code: 'cancel-lost',\n      message: `the cancel of",
    replace:
      "if (build.number < 0)\n    return {\n      verdict: 'cancel-lost',\n      code: 'cancel-lost',\n      message: `the cancel of",
  }),
  ...trap(20, 'limits.ts', {
    rule: 'a build whose runner was killed stays running and is given up',
    code: 'runner-lost',
    find: "return 'runner-lost';",
    replace: "return 'run';",
  }),
  ...trap(21, 'follow.ts', {
    rule: 'a server that comes back as another one is not believed',
    code: 'drone-answer-malformed',
    find: 'if (sameBuild(options.build, build)) return build;',
    replace: 'if (sameBuild(build, build)) return build;',
  }),
  ...trap(22, 'unanswered.ts', {
    rule: 'plain http to the https port is named as what it is',
    code: 'drone-url-not-accepted',
    find: "if (status === 400 && text.includes('HTTP request to an HTTPS server'))",
    replace: 'if (status === 0)',
  }),
];
