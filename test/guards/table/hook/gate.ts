import { type Guard, guardsOf } from '../../guard.ts';

// The gate as the hook hears it, and how a cancelled step leaves.

const follow = 'test/hook/follow.test.ts';
const step = 'test/hook/run-script-step.test.ts';
const cancel = 'test/hook/cancel.test.ts';

const gateRules = guardsOf(
  'hook',
  'src/hook/gate.ts',
  [follow],
  [
    {
      rule: 'a gate that cannot be reached is given up after `reconnect`',
      code: 'gate-unreachable',
      find: 'if (passed >= patience)',
      replace: 'if (passed < 0)',
    },
    {
      rule: 'only what may pass is asked again',
      code: 'gate-failed',
      find: 'if (!may || over.aborted) throw error;',
      replace: 'if (over.aborted) throw error;\n  void may;',
    },
    {
      rule: "the runner's token is read again for each call",
      find: "if (token !== '') headers['authorization'] = `Bearer ${readFileSync(token, 'utf8').trim()}`;",
      replace:
        "const kept = globalThis as { kept?: string };\n    if (token !== '') headers['authorization'] = (kept.kept ??= `Bearer ${readFileSync(token, 'utf8').trim()}`);",
      tests: ['test/hook/https-gate.test.ts'],
    },
    {
      rule: "the gate's certificate is verified",
      code: 'gate-unreachable',
      find: "Object.assign(options, where, ca !== '' && { ca: readFileSync(ca) });",
      replace: "Object.assign(options, where, { rejectUnauthorized: false }, ca !== '' && { ca: readFileSync(ca) });",
      tests: ['test/hook/https-gate.test.ts'],
    },
  ],
);

const stream = [
  ...guardsOf(
    'hook',
    'src/hook/event-stream.ts',
    [follow],
    [
      {
        rule: 'a silent gate is left',
        code: 'gate-unreachable',
        find: 'const limit = deadline(over, limits.silent);',
        replace: 'const limit = deadline(over, 1e9);',
      },
      {
        rule: 'an event is bounded',
        code: 'gate-failed',
        find: 'if (rest.length > maxEventBytes + chunk.length) throw',
        replace: 'if (rest.length > 1e12) throw',
      },
      {
        rule: 'a line without its end is no event',
        find: "rest = lines.pop() ?? '';",
        replace: "rest = lines.pop() ?? '';\n        if (rest !== '') lines.push(rest);",
      },
    ],
  ),
  ...guardsOf(
    'hook',
    'src/hook/follow.ts',
    [follow],
    [
      {
        rule: 'a result counts only when no state event before it is missing',
        code: 'no-result',
        find: 'else if (event.n <= seen.state + 1) return event;',
        replace: 'else if (event.n > 0) return event;',
      },
      {
        rule: 'a gate that tells nothing is given up after `reconnect`',
        code: 'gate-unreachable',
        find: 'if (performance.now() - heard > limits.reconnect)',
        replace: 'if (performance.now() < 0)',
      },
      {
        rule: 'lines that were shown are not shown again',
        find: 'event.lines.slice(Math.max(0, -ahead))',
        replace: 'event.lines.slice(0)',
      },
      {
        rule: 'lines that are missing are told',
        find: 'fresh, Math.max(0, ahead))',
        replace: 'fresh, 0)',
      },
      {
        rule: 'a state that was shown is not shown again',
        find: 'if (event.n > seen.shown) await watcher.state(event);',
        replace: 'await watcher.state(event);',
        only: 'of the state that come late are not shown after newer ones',
      },
      {
        rule: 'a turn that was missed is waited for again',
        code: 'turn-missed',
        find: "if (!(error instanceof Refusal) || error.code !== 'turn-missed') throw error;",
        replace: 'throw error;',
        tests: [step],
      },
    ],
  ),
  ...guardsOf(
    'hook',
    'src/hook/words.ts',
    [step],
    [
      {
        rule: 'an output is one word',
        find: String.raw`(/^[\x21-\x7e]*$/.test(text(value)) ? text(value) : '')`,
        replace: 'text(value)',
      },
      {
        rule: "a code of the gate has a code's form",
        find: "(/^[a-z][a-z0-9-]{0,63}$/.test(text(value)) ? text(value) : '')",
        replace: 'text(value)',
      },
      {
        rule: 'what is no event is a failure',
        code: 'gate-failed',
        find: "throw new Failure('gate-failed', 'the gate sent an event that this hook does not understand');",
        replace: 'return { k: "ping", ahead: -1 };',
        tests: [follow],
      },
    ],
  ),
];

const leave = guardsOf(
  'hook',
  'src/hook/run-script-step.ts',
  [cancel],
  [
    {
      rule: 'a cancelled step leaves in time, whatever the gate does',
      code: 'cancelled',
      find: 'await sleep(limits.leave, over);',
      replace: 'await sleep(limits.leave * 1e5, over);',
    },
    {
      rule: 'a cancelled step tells the gate',
      find: 'asked.answer.then(cancel).catch(() => undefined);',
      replace: 'void cancel;',
    },
    {
      rule: 'a cancelled step tells the gate until it is told',
      find: 'told = await asking.catch(() => false);',
      replace: 'told = await asking.catch(() => true);',
    },
    {
      rule: 'a step that has asked for nothing yet leaves at once',
      code: 'cancelled',
      find: "if (!asked.sent) throw new Failure('cancelled', 'the job was cancelled before anything was started');",
      replace: '',
    },
  ],
);

export const guards: readonly Guard[] = [...gateRules, ...stream, ...leave];
