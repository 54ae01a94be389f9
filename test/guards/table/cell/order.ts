import { type Guard, guardsOf } from '../../guard.ts';

// Nothing before the order, and one order only.

const cellTest = 'test/cell/cell.test.ts';
const levelsTest = 'test/cell/levels.test.ts';

const main = guardsOf(
  'cell',
  'src/cell/main.ts',
  [cellTest],
  [
    {
      rule: 'a cell says nothing before it has its order',
      find: 'const output = new Output(process.stdout);',
      replace: "const output = new Output(process.stdout);\noutput.state({ phase: 'preflight', stages: [] });",
      only: 'nothing is said before it',
    },
    {
      rule: 'a cell that had no order is no success',
      find: 'process.exitCode = 1;',
      replace: 'process.exitCode = 0;',
      only: 'no order at all is no success',
    },
    {
      rule: 'an order of another version is not obeyed',
      code: 'order-not-understood',
      find: 'if (version !== orderVersion) return',
      replace: 'if (version === undefined) return',
      only: 'what is no order',
    },
    {
      rule: 'an order is strict JSON',
      code: 'order-not-understood',
      find: "parseStrictJson(line, { maxBytes: maxOrder, what: 'the order' })",
      replace:
        "((parse: unknown) => (parse === null ? null : (JSON.parse(line.toString('utf8')) as unknown)))(parseStrictJson)",
      tests: ['test/cell/guards.test.ts'],
      only: 'with a key that stands twice',
    },
    {
      rule: 'an order is bounded',
      code: 'order-not-understood',
      find: 'if (line === undefined) return refuse(`the order is larger than ${maxOrder} bytes`);',
      replace: 'if (line === undefined) return;',
      only: 'what is no order',
    },
    {
      rule: 'the same order once more is ignored',
      find: 'if (current === undefined || value.id === current.id) return;',
      replace: 'if (current === undefined) return;',
      only: 'the same order once more is ignored',
    },
    {
      rule: 'another order ends the cell',
      find: "diagnose('another order came; this cell ends');\n      process.exit(1);",
      replace: 'return;',
      only: 'another order ends the cell without a result',
    },
    {
      rule: 'a line that is not understood is ignored',
      find: "diagnose('a line was not understood and is ignored');",
      replace: 'process.exit(1);',
      only: 'what is not understood is ignored',
    },
    {
      rule: 'only what ends after a success ends with 0',
      find: "leave(verdict === 'success' ? 0 : 1, limits.reconnect)",
      replace: 'leave(verdict === null ? 1 : 0, limits.reconnect)',
      only: 'that ends in a failure leaves with 1',
    },
    {
      rule: 'a cell stays for a gate that comes back, and no longer than it was told',
      find: 'timer = setTimeout(resolve, wait);',
      replace: 'timer = setTimeout(resolve, wait * 1e3);',
      only: 'the cell stays for a gate that comes back',
    },
  ],
);

const orderRules = guardsOf(
  'cell',
  'src/cell/run.ts',
  [cellTest],
  [
    {
      rule: 'a probe only looks',
      find: 'probe: look }',
      replace: 'probe: build }',
      only: 'of the kind probe only looks',
    },
    {
      rule: 'a refusal of Drone says what to do',
      find: '`${error.message}. What to do: ${error.fix}`',
      replace: 'error.message',
      only: 'that Drone refuses says what to do',
    },
    {
      rule: 'the nonce travels as a parameter',
      find: '({ ...params, [nonceParam]: nonce })',
      replace: "({ ...params, [nonceParam]: nonce.replaceAll(/./g, '0') })",
      tests: ['test/cell/guards.test.ts'],
    },
    {
      rule: 'the token is redacted in every line',
      find: 'const literals = [...order.redact, order.drone.token];',
      replace: 'const literals = [...order.redact];',
      tests: ['test/cell/guards.test.ts'],
    },
    {
      rule: "Drone's address stays inside where the policy hides it",
      find: ', ...addressesOf(order.drone)]',
      replace: ', ...addressesOf(order.drone).slice(0, 0)]',
      tests: [levelsTest],
      only: 'hidden is hidden in what goes wrong',
    },
    {
      rule: "at the level status Drone's error texts stay inside",
      find: "errors: order.log !== 'status'",
      replace: 'errors: order.log !== null',
      tests: [levelsTest],
      only: 'error texts stay behind too',
    },
  ],
);

export const guards: readonly Guard[] = [...main, ...orderRules];
