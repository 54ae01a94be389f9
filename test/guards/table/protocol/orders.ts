import { type Guard, guardsOf } from '../../guard.ts';

// What the gate tells a cell, and what a cell reports.

const malformed = 'test/protocol/malformed.test.ts';
const order = 'src/protocol/order.ts';

const ordersRules = guardsOf(
  'protocol',
  order,
  [malformed],
  [
    {
      rule: 'an order names a server without a path',
      code: 'input-wrong-type',
      find: String.raw`/^https?:\/\/[A-Za-z0-9.[\]:-]+\/?$/.test(url) && URL.canParse(url)`,
      replace: 'URL.canParse(url)',
    },
    {
      rule: 'an order connects to an IP address or to none',
      code: 'input-wrong-type',
      find: 'address: v.optional(addressString),',
      replace: "address: v.optional(textBy((address) => address !== '', 'an IP address')),",
      tests: ['test/protocol/order.test.ts', malformed],
    },
    {
      rule: 'only a probe order says what is tried',
      code: 'input-wrong-type',
      find: "order.kind === 'probe' || order.probe === undefined",
      replace: "order.kind === 'probe' || order.id !== ''",
      tests: ['test/protocol/probe.test.ts'],
    },
    {
      rule: 'a probe order names addresses and no names',
      code: 'input-wrong-type',
      find: 'probe: v.optional(probeOf()),',
      replace: 'probe: v.optional(v.any()),',
      tests: ['test/protocol/probe.test.ts'],
    },
    {
      rule: 'an order brings a token that is one printable word',
      code: 'input-wrong-type',
      find: 'token: printable(1024, 1)',
      replace: "token: textBy(() => true, '1 to 1024 printable characters without blanks')",
    },
    {
      rule: "an order's repository is plain",
      code: 'input-wrong-type',
      find: '  repository: repositoryString,',
      replace: "  repository: textBy(() => true, 'owner/name'),",
    },
    {
      rule: "an order's ref is plain",
      code: 'input-wrong-type',
      find: 'ref: v.optional(refString)',
      replace: "ref: v.optional(textBy(() => true, 'a plain refs/heads/ or refs/tags/ name'))",
    },
    {
      rule: "an order's commit is plain",
      code: 'input-wrong-type',
      find: 'commit: v.optional(commitString)',
      replace: "commit: v.optional(textBy(() => true, '40 or 64 lower hex digits'))",
    },
    {
      rule: "an order's target is plain",
      code: 'input-wrong-type',
      find: 'target: v.optional(nameString)',
      replace: "target: v.optional(textBy(() => true, 'a plain name'))",
    },
    {
      rule: "an order's waits are at least a millisecond and at most a week",
      code: 'input-wrong-type',
      find: 'whole(1, 7 * 24 * 3_600_000)',
      replace: 'whole(0)',
    },
    {
      rule: "an order's parameters have names that a parameter may have",
      code: 'input-wrong-type',
      find: 'paramName.test(name) && name !== nonceParam',
      replace: 'name !== nonceParam',
      tests: ['test/protocol/order.test.ts'],
    },
    {
      rule: 'no parameter of an order is the nonce',
      code: 'input-wrong-type',
      find: 'paramName.test(name) && name !== nonceParam',
      replace: 'paramName.test(name)',
      tests: ['test/protocol/order.test.ts'],
    },
    {
      rule: 'an order to build names a ref',
      code: 'input-wrong-type',
      find: "order.kind !== 'build' || order.ref !== undefined",
      replace: 'order !== null',
      tests: ['test/protocol/order.test.ts'],
    },
    {
      rule: 'a line to a cell says exactly one thing',
      code: 'input-wrong-type',
      find: 'Object.keys(value).length === 1',
      replace: 'Object.keys(value).length >= 0',
      tests: ['test/protocol/order.test.ts'],
    },
  ],
);

const events = guardsOf(
  'protocol',
  'src/protocol/event-parser.ts',
  ['test/protocol/event-parser.test.ts', malformed],
  [
    {
      rule: 'a cell writes log, state, result and its question, and nothing that only the gate says',
      code: 'input-wrong-type',
      find: "strict({ k: oneOf(['log', 'state', 'result', 'builds']) })",
      replace:
        "strict({ k: oneOf(['log', 'state', 'result', 'builds', 'turn', 'ping'], '\"log\" | \"state\" | \"result\" | \"builds\"') as never })",
    },
    {
      rule: 'a log event has 1 to 50 lines',
      code: 'input-wrong-type',
      find: 'length >= 1 && length <= maxBatch',
      replace: 'length >= 0',
    },
    {
      rule: 'a line of a log event has at most 65,536 characters',
      code: 'input-wrong-type',
      find: 'v.array(text(maxLineBytes))',
      replace: 'v.array(textBy(() => true, `a text of 0 to ${maxLineBytes} characters`))',
    },
    {
      rule: 'a state event has at most 200 stages',
      code: 'input-wrong-type',
      find: 'stages.length <= 200',
      replace: 'stages.length <= 201',
    },
    {
      rule: 'a stage has at most 1000 steps',
      code: 'input-wrong-type',
      find: 'steps.length <= 1000',
      replace: 'steps.length <= 1001',
    },
    {
      rule: 'a result has the code ok exactly with the verdict success',
      code: 'input-wrong-type',
      find: "(event.verdict === 'success') === (event.code === 'ok')",
      replace: "event.k === 'result'",
    },
    {
      rule: "a result's outputs say what its verdict is",
      code: 'input-wrong-type',
      find: 'event.outputs.status === event.verdict',
      replace: "event.k === 'result'",
    },
    {
      rule: 'an output is one word: it goes into a file of lines',
      code: 'input-wrong-type',
      find: '  status: oneOf(verdicts),\n  commit: printable(64),',
      replace:
        "  status: oneOf(verdicts),\n  commit: textBy(() => true, '0 to 64 printable characters without blanks'),",
    },
    {
      rule: 'an output that is a number is decimal digits',
      code: 'input-wrong-type',
      find: '/^[0-9]{0,16}$/.test(value)',
      replace: 'value.length <= 16',
    },
  ],
);

export const guards: readonly Guard[] = [...ordersRules, ...events];
