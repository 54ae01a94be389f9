// A cell engine in memory whose cells do what a test says. It keeps the engine's contract: nothing but an id goes in, a
// cell's output is a stream of lines, its end is told once.

import type { Cell, CellEnd, CellEngine } from '../../src/gate/index.ts';
import { type CellEvent, Failure, type Order, type StateEvent, type Verdict } from '../../src/protocol/index.ts';

export interface FakeCell extends Cell {
  /** Every line that was sent, in order. */
  readonly received: object[];
  readonly removed: boolean;
  readonly over: boolean;
  /** Times that it was attached to again. */
  readonly adopted: number;
  /** Attaches anew: what was attached before reads no more. */
  attach(): Cell;
  /** The engine's connection breaks; the cell goes on. */
  cut(): void;
  /** Writes a line: an event, or raw text. Events are repeated when the gate asks for that. */
  say(line: object | string): void;
  /** Ends the process. */
  end(exitCode?: number | null, reason?: string): void;
  /** Resolves with the first line received that fits. */
  heard(fits: (line: object) => boolean): Promise<object>;
  /** The order; resolves when it has come. */
  order(): Promise<Order>;
}

export interface FakeCells extends CellEngine {
  readonly cells: FakeCell[];
  /** Cells that were started and not removed. */
  alive(): number;
  /** Largest number of cells alive at once. */
  peak(): number;
  /** All orders that any cell has received. */
  orders(): Order[];
}

export interface FakeCellsOptions {
  /** What each cell does; default: a build that succeeds. */
  readonly act?: (cell: FakeCell, order: Order) => void | Promise<void>;
  /** Called before a cell comes up; may wait or throw. */
  readonly starting?: (id: string) => void | Promise<void>;
  readonly survives?: boolean;
  readonly notReady?: () => string | null;
  /** Milliseconds that a removal takes. */
  readonly removal?: number;
}

export const state = (n: number, more: Partial<StateEvent> = {}): StateEvent => ({
  k: 'state',
  n,
  phase: 'running',
  stages: [],
  ...more,
});
export const build = (number: number) => ({
  number,
  url: '',
  status: 'running',
  commit: 'a'.repeat(40),
  ref: 'refs/heads/main',
});
export function result(n: number, verdict: Verdict = 'success', number = '7', code?: string): object {
  const outputs = { number, url: '', status: verdict, commit: 'a'.repeat(40), started: '1', finished: '2' };
  return {
    k: 'result',
    n,
    verdict,
    code: code ?? (verdict === 'success' ? 'ok' : 'build-failed'),
    message: 'said by the cell',
    outputs,
  };
}

/** preflight, build 7, three lines, success. */
export function succeed(cell: FakeCell): void {
  cell.say(state(1, { phase: 'preflight' }));
  cell.say(state(2, { build: build(7) }));
  cell.say({ k: 'log', n: 1, step: 'default/deploy', lines: ['one', 'two', 'three'] });
  cell.say(result(3));
}

interface Connection {
  readonly lines: AsyncIterable<string>;
  readonly ended: Promise<CellEnd>;
  write(line: string): void;
  end(how: CellEnd): void;
}

function createCell(
  id: string,
  onOrder: (cell: FakeCell, order: Order) => void,
  onRemove: () => void,
  removal: number,
): FakeCell {
  const received: object[] = [];
  const said: CellEvent[] = [];
  const listeners = new Set<() => void>();
  let closed = false;
  let removed = false;
  let adopted = -1;
  let ordered = false;
  let connection = connect();

  function connect(): Connection {
    const lines: string[] = [];
    let over = false;
    let onLine = (): void => undefined;
    let settle: (end: CellEnd) => void = () => undefined;
    const ended = new Promise<CellEnd>((done) => {
      settle = done;
    });
    async function* read(): AsyncGenerator<string> {
      for (;;) {
        while (lines.length > 0) yield lines.shift()!;
        if (over) return;
        await new Promise<void>((done) => {
          onLine = done;
        });
      }
    }
    return {
      lines: read(),
      ended,
      write(line) {
        lines.push(line);
        onLine();
      },
      end(how) {
        over = true;
        onLine();
        settle(how);
      },
    };
  }

  function repeat({ state: from, log }: { state: number; log: number }): void {
    for (const event of said) {
      if (event.k !== 'log') continue;
      const skip = Math.max(0, log + 1 - event.n);
      if (skip < event.lines.length)
        connection.write(JSON.stringify({ ...event, n: event.n + skip, lines: event.lines.slice(skip) }));
    }
    for (const event of said) if (event.k !== 'log' && event.n > from) connection.write(JSON.stringify(event));
  }

  const cell: FakeCell = {
    id,
    received,
    get removed() {
      return removed;
    },
    get over() {
      return closed;
    },
    get adopted() {
      return adopted;
    },
    get lines() {
      return connection.lines;
    },
    get ended() {
      return connection.ended;
    },
    attach() {
      adopted++;
      connection = connect();
      if (closed) connection.end({ exitCode: 137, reason: 'it was killed from outside (exit code 137)' });
      const { lines, ended } = connection;
      return { id, lines, ended, send: (line) => cell.send(line), remove: () => cell.remove() };
    },
    cut() {
      connection.end({ exitCode: null, reason: 'its connection ended, but it is still running' });
    },
    send(line) {
      if (closed) return;
      received.push(JSON.parse(JSON.stringify(line)));
      if ('resume' in line) repeat((line as { resume: { state: number; log: number } }).resume);
      if ('nonce' in line && !ordered) {
        ordered = true;
        onOrder(cell, line as Order);
      }
      for (const listener of listeners) listener();
    },
    say(line) {
      if (closed) return;
      if (typeof line !== 'string' && 'k' in line) said.push(line as CellEvent);
      connection.write(typeof line === 'string' ? line : JSON.stringify(line));
    },
    end(exitCode = 0, reason = `it ended with exit code ${exitCode}`) {
      closed = true;
      connection.end({ exitCode, reason });
    },
    heard: (fits) =>
      new Promise((done) => {
        const look = (): void => {
          const found = received.find(fits);
          if (found === undefined) return;
          listeners.delete(look);
          done(found);
        };
        listeners.add(look);
        look();
      }),
    order: () => cell.heard((line) => 'nonce' in line) as Promise<Order>,
    async remove() {
      if (removed) return;
      if (removal > 0) await new Promise((done) => setTimeout(done, removal));
      if (!removed) onRemove();
      removed = true;
      cell.end(null, 'it was removed');
    },
  };
  return cell;
}

export function fakeCells({
  act = succeed,
  starting,
  survives = false,
  notReady,
  removal = 0,
}: FakeCellsOptions = {}): FakeCells {
  const cells: FakeCell[] = [];
  let alive = 0;
  let peak = 0;
  return {
    name: 'fake',
    promises: ['nothing is sealed'],
    survives,
    cells,
    ready: () => notReady?.() ?? null,
    async start(id) {
      alive++;
      peak = Math.max(peak, alive);
      try {
        await starting?.(id);
      } catch (error) {
        alive--;
        throw error;
      }
      const gone = (): void => void alive--;
      const cell = createCell(id, (one, order) => void act(one, order), gone, removal);
      cells.push(cell);
      return cell.attach();
    },
    list: () =>
      Promise.resolve(cells.filter(({ removed }) => !removed).map(({ id, over }) => ({ id, running: !over }))),
    async adopt(id) {
      const cell = cells.find((one) => one.id === id && !one.removed);
      if (cell === undefined) throw new Failure('cell-lost', `there is no cell ${id}`);
      return cell.attach();
    },
    alive: () => alive,
    peak: () => peak,
    orders: () => cells.flatMap(({ received }) => received.filter((line): line is Order => 'nonce' in line)),
  };
}
