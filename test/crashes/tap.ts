// A listener between two parts of airlock that lets everything through, tells what passes, and can hold one exchange before it
// is passed on or before its answer is: so that something can be killed in exactly that moment.

import { type IncomingMessage, type RequestOptions, type ServerResponse, createServer, request } from 'node:http';

/** `asked`: sent, and not arrived. `answered`: carried out, and the answer is still on its way. */
export type Side = 'asked' | 'answered';

export interface Exchange {
  readonly method: string;
  /** With its query. */
  readonly path: string;
}

export interface Held {
  /** Resolves when such an exchange is held. */
  readonly reached: Promise<void>;
  /** Lets it go on, and every later one pass. */
  readonly release: () => void;
}

export interface Tap {
  readonly path: string;
  /** Every exchange that fits is held from now on. */
  hold(fits: (exchange: Exchange) => boolean, side: Side): Held;
  /** Every line of an answer that fits is held from now on, and what comes behind it. */
  holdLine(fits: (line: string) => boolean): Held;
  close(): Promise<void>;
}

export interface TapOptions {
  /** Unix socket to listen on. */
  readonly path: string;
  readonly to: Pick<RequestOptions, 'socketPath' | 'host' | 'port'>;
  /** Each whole line of an answer, as it is passed on. */
  readonly onLine?: (exchange: Exchange, line: string) => void;
  readonly onExchange?: (exchange: Exchange) => void;
}

/** `line`: what is held is a line of an answer. */
interface Hold extends Held {
  readonly fits: (exchange: Exchange, line: string) => boolean;
  readonly side: Side | 'line';
  readonly reach: () => void;
  readonly released: Promise<void>;
}

const ofConnection = new Set(['connection', 'transfer-encoding', 'keep-alive']);
const passedOn = (headers: IncomingMessage['headers']): IncomingMessage['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name)));

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function newHold(fits: Hold['fits'], side: Hold['side']): Hold {
  let reach = (): void => undefined;
  let release = (): void => undefined;
  const reached = new Promise<void>((done) => (reach = done));
  const released = new Promise<void>((done) => (release = done));
  return { fits, side, reach, reached, released, release };
}

/** Passes an answer's bytes on, and tells its lines before. */
async function pass(from: IncomingMessage, res: ServerResponse, tell: (line: string) => Promise<void>): Promise<void> {
  let rest = '';
  res.writeHead(from.statusCode ?? 502, passedOn(from.headers));
  res.flushHeaders();
  for await (const chunk of from) {
    const lines = `${rest}${(chunk as Buffer).toString('utf8')}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) await tell(line);
    res.write(chunk);
  }
  res.end();
}

export async function startTap({ path, to, onLine, onExchange }: TapOptions): Promise<Tap> {
  const holds = new Set<Hold>();

  async function heldAt(exchange: Exchange, side: Hold['side'], line = ''): Promise<void> {
    for (const hold of holds) {
      if (hold.side !== side || !hold.fits(exchange, line)) continue;
      hold.reach();
      await hold.released;
    }
  }

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const exchange = { method: req.method ?? '', path: req.url ?? '' };
    const body = await bodyOf(req);
    onExchange?.(exchange);
    await heldAt(exchange, 'asked');
    // Who asked is gone, so nothing of it ever arrives.
    if (res.destroyed) return;
    const { method, path: url } = exchange;
    const onward = request({ ...to, method, path: url, headers: passedOn(req.headers), agent: false });
    res.once('close', () => onward.destroy());
    onward.once('error', () => res.destroy());
    onward.once('response', (answer) => {
      const tell = async (line: string): Promise<void> => {
        await heldAt(exchange, 'line', line);
        if (!res.destroyed) onLine?.(exchange, line);
      };
      // An answer that breaks off breaks off behind the tap, too.
      heldAt(exchange, 'answered')
        .then(() => pass(answer, res, tell))
        .catch(() => res.destroy());
    });
    onward.end(body);
  }

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (req, res) => {
    serve(req, res).catch(() => res.destroy());
  });
  await new Promise<void>((done, fail) => server.once('error', fail).listen(path, done));
  function add(fits: Hold['fits'], side: Hold['side']): Held {
    const hold = newHold(fits, side);
    holds.add(hold);
    return {
      reached: hold.reached,
      release() {
        holds.delete(hold);
        hold.release();
      },
    };
  }

  return {
    path,
    hold: (fits, side) => add(fits, side),
    holdLine: (fits) => add((_, line) => fits(line), 'line'),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
