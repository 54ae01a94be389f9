// Recordings without a trigger: the client reads every answer that they hold, and does its preflight where they show a
// repository or an account.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Connection,
  connectDrone,
  parseBuild,
  parseBuilds,
  parseRepo,
  parseUser,
  preflight,
} from '../../src/drone/index.ts';
import { AirlockError } from '../../src/protocol/index.ts';
import type { Frame, RecordedExchange, RecordedRequest, Recording } from '../support/recordings.ts';
import type { Story } from '../support/stories.ts';
import { reply } from './reply.ts';
import { startPlayback } from './server.ts';

const limits = { call: 5000, poll: 5 };
const someRepository = 'octo/hello';
const repositoryPath = /^\/api\/repos\/([^/?]+\/[^/?]+)$/;
const methods = ['GET', 'POST', 'DELETE'] as const;

/** `3 × user, 404`: what there was, in the order in which it came first. */
function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, times]) => (times === 1 ? word : `${times} × ${word}`)).join(', ');
}

const codeOf = (error: unknown): string => {
  if (error instanceof AirlockError) return error.code;
  throw error;
};

async function preflightOf(from: Recording, exchange: RecordedExchange): Promise<string> {
  const repository = repositoryPath.exec(exchange.request.path)?.[1] ?? someRepository;
  const { as } = exchange.request;
  const story: Story = {
    kind: 'build',
    recording: from,
    exchange,
    at: 0,
    as,
    repository,
    path: exchange.request.path,
    branch: '',
    commit: undefined,
    params: {},
    number: undefined,
  };
  const playback = await startPlayback(story);
  try {
    const connection = connectDrone({ server: playback.url, token: 'token' });
    const code = await preflight(connection, { repository, ...limits }).then(() => 'ok', codeOf);
    return `${repository} as ${as ?? 'a guest'} ${code}`;
  } finally {
    await playback.close();
  }
}

/** What the client makes of an answer with status 200. */
function meaning(path: string, method: string, body: unknown): string {
  if (body === null) return 'null';
  const [way = ''] = path.split('?');
  if (/^\/api\/user\/?$/.test(way)) return `user ${parseUser(body).login}`;
  if (/\/logs\/\d+\/\d+$/.test(way)) return 'log';
  if (/\/builds(?:\/deployments)?$/.test(way) && method === 'GET') return `list of ${parseBuilds(body).length}`;
  if (/\/builds(?:\/|$)/.test(way)) return `build ${parseBuild(body).status}`;
  return repositoryPath.test(way) ? `repository ${parseRepo(body).slug}` : 'JSON';
}

async function readOf(connection: Connection, { method, path }: RecordedRequest): Promise<string> {
  const known = methods.find((one) => one === method);
  if (known === undefined) return `${method} is not the client's`;
  try {
    const { status, body } = await connection.call(path, { method: known, limit: limits.call });
    return status === 200 ? meaning(path, method, body) : String(status);
  } catch (error) {
    return codeOf(error);
  }
}

function answersOf(from: Recording): readonly { readonly request: RecordedRequest; readonly frame: Frame }[] {
  return from.items.flatMap((item) => {
    if (item.kind === 'poll') return item.answers.map((frame) => ({ request: item.request, frame }));
    if (item.kind !== 'exchange') return [];
    return [{ request: item.request, frame: item.response ?? { at: item.at, failed: item.failed ?? '' } }];
  });
}

/** Every answer as it was recorded, through the client's own connection. */
async function readAll(from: Recording): Promise<readonly string[]> {
  const answers = answersOf(from);
  const server = createServer((request, response) => {
    const nth = Number(request.headers.authorization?.replace('Bearer ', ''));
    const frame = answers[nth]?.frame;
    if (frame === undefined) return void response.destroy();
    try {
      reply(response, frame);
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const words: string[] = [];
    for (const [nth, { request }] of answers.entries()) {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      words.push(await readOf(connectDrone({ server: url, token: String(nth) }), request));
    }
    return words;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** What was played, and what came of it, in one line. */
export async function readRecording(from: Recording): Promise<string> {
  const asks = from.items.filter((item): item is RecordedExchange => item.kind === 'exchange');
  const shown = asks.filter(({ request }) => request.method === 'GET' && repositoryPath.test(request.path));
  const accounts = asks.filter(({ request }) => request.method === 'GET' && request.path === '/api/user');
  const preflights: string[] = [];
  for (const exchange of [...accounts, ...shown]) preflights.push(await preflightOf(from, exchange));
  const words = await readAll(from);
  const told = [
    ...(preflights.length > 0 ? [`preflight: ${[...new Set(preflights)].join(', ')}`] : []),
    ...(words.length > 0 ? [`read: ${counted(words)}`] : []),
  ];
  return told.length > 0 ? told.join('; ') : 'nothing to play: it holds notes alone';
}
