// The managed script: the only thing that runs in a cell. It says nothing before it has its order, which arrives as the
// first line on stdin; further lines steer it; the end of stdin means nothing (DESIGN.md, The cell).

import { Refusal } from '../protocol/errors.ts';
import type { OldBuild } from '../protocol/old-build.ts';
import { type Order, orderVersion, parseCellLine, parseOrder } from '../protocol/order.ts';
import { parseStrictJson } from '../protocol/strict-json.ts';
import { readLines } from './input.ts';
import { Output } from './output.ts';
import { run } from './run.ts';
import { endUnordered, longestIdle } from './unordered.ts';

const maxOrder = 1_048_576;
/** How long the last events may take to leave. */
const leaving = 5000;

const output = new Output(process.stdout);
const cancel = new AbortController();
/** Only the first choice counts: a gate that comes back says it again. */
let goOn: ((of: OldBuild) => void) | undefined;
const go = new Promise<OldBuild>((resolve) => {
  goOn = resolve;
});
let order: Order | undefined;
let ended: (() => void) | undefined;
const end = new Promise<void>((resolve) => {
  ended = resolve;
});

// Only what ends after a success ends with 0.
process.exitCode = 1;
// As the first process of its namespace it would not hear it at all, and be killed seconds later.
process.on('SIGTERM', () => process.exit(143));
process.stderr.on('error', () => {});

const diagnose = (text: string): void => void process.stderr.write(`airlock cell: ${text}\n`);

async function leave(code: number, wait: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    end,
    new Promise((resolve) => {
      timer = setTimeout(resolve, wait);
    }),
  ]);
  clearTimeout(timer);
  const late = setTimeout(() => process.exit(code), leaving);
  process.stdout.end(() => {
    clearTimeout(late);
    process.exit(code);
  });
}

function refuse(message: string): void {
  output.result({
    verdict: 'error',
    code: 'order-not-understood',
    message,
    outputs: { number: '', url: '', status: 'error', commit: '', started: '', finished: '' },
  });
  void leave(1, 1000);
}

function first(line: Buffer | undefined): void {
  try {
    if (line === undefined) return refuse(`the order is larger than ${maxOrder} bytes`);
    const value = parseStrictJson(line, { maxBytes: maxOrder, what: 'the order' });
    const version = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined;
    if (version !== orderVersion) return refuse(`this managed script speaks order version ${orderVersion}`);
    order = parseOrder(value);
  } catch (error) {
    return refuse(error instanceof Refusal ? error.message : 'the order cannot be read');
  }
  const { limits } = order;
  void run({ order, output, cancel: cancel.signal, go, diagnose }).then((verdict) =>
    leave(verdict === 'success' ? 0 : 1, limits.reconnect),
  );
}

/** A second order: the same one is known already; another one means that two gates take this cell for theirs. */
function isOrder(value: unknown): value is { readonly id: unknown } {
  return typeof value === 'object' && value !== null && 'id' in value && 'kind' in value;
}

function further(line: Buffer | undefined, current: Order | undefined): void {
  if (line === undefined) return diagnose('a line was too long and is ignored');
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    if (isOrder(value)) {
      if (current === undefined || value.id === current.id) return;
      diagnose('another order came; this cell ends');
      process.exit(1);
    }
    const steer = parseCellLine(value);
    if ('cancel' in steer) cancel.abort(steer.cancel);
    else if ('resume' in steer) output.resume(steer.resume);
    else if ('go' in steer) goOn?.(steer.go);
    else ended?.();
  } catch {
    diagnose('a line was not understood and is ignored');
  }
}

const ordered = endUnordered(longestIdle, () => {
  diagnose('no order came; this cell ends');
  process.exit(1);
});
let started = false;
readLines(process.stdin, maxOrder, (line) => {
  if (started) return further(line, order);
  started = true;
  ordered();
  first(line);
});
