// The gate as the hook sees it: short calls with limits, tried again while a gate restarts or another one takes over
// (PROTOCOL.md, Calls). No proxy is ever used. Every call may safely arrive twice.

import { readFileSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { AirlockError, Failure } from '../protocol/errors.ts';
import { answerTo } from './answer-to.ts';
import { deadline } from './deadline.ts';
import { duration } from './duration.ts';
import type { Hook } from './hook.ts';
import { whyNot } from './plain-file.ts';
import { readJson } from './read-json.ts';
import { sleep } from './sleep.ts';
import { errorOf } from './words.ts';

/** The system's word on a connection, as a failure that may pass. */
export function unreachable(error: unknown): unknown {
  if (error instanceof AirlockError) return error;
  return new Failure('gate-unreachable', `the gate cannot be reached (${whyNot(error)})`, { cause: error });
}

/** What passes when a gate restarts, hands over, or cannot be reached for a moment. @throws what does not */
export function passing(error: unknown, over: AbortSignal): Failure {
  const may = error instanceof Failure && (/^gate-[su]/.test(error.code) || [502, 503, 504].includes(error.status));
  if (!may || over.aborted) throw error;
  return error;
}

/** Waits before the `tries`-th next try: behind a standby another gate is there already. */
export async function pause({ limits, over }: Hook, code: string, tries: number): Promise<void> {
  const growing = Math.min(limits.retry * 2 ** Math.min(tries, 16), limits.retryMost);
  await sleep(code === 'gate-standby' ? limits.standby : growing, over);
}

/**
 * Sends a call and waits for the head of its answer.
 * @param fresh on a new connection, so that a service hands it to another gate
 * @throws the system's error @throws {Failure} `hook-settings`: a file of the operator's cannot be read
 */
export function open(
  { settings }: Hook,
  call: string,
  body: object | undefined,
  signal: AbortSignal,
  fresh: boolean,
): Promise<IncomingMessage> {
  const { socketPath, ca, token, ...where } = settings.gate;
  const [method, path] = call.split(' ');
  const headers: Record<string, string> = {};
  const options: RequestOptions = { method, path, headers, signal, ...(fresh && { agent: false }) };
  let send = request;
  try {
    if (token !== '') headers['authorization'] = `Bearer ${readFileSync(token, 'utf8').trim()}`;
    if (socketPath === undefined) {
      send = process.getBuiltinModule('node:https').request;
      Object.assign(options, where, ca !== '' && { ca: readFileSync(ca) });
    } else options.socketPath = socketPath;
  } catch (error) {
    throw new Failure('hook-settings', `AIRLOCK_GATE_CA or AIRLOCK_RUNNER_TOKEN cannot be read: ${whyNot(error)}`);
  }
  return answerTo(send(options), body && JSON.stringify(body));
}

/**
 * One call, again and again until it is answered.
 * @param call method and path @param parse reads a 2xx answer @param patience ms; default: `limits.reconnect`
 * @throws {Refusal} what the gate refuses
 * @throws {Failure} `gate-unreachable` after `patience`; `gate-failed` and whatever else the gate says
 */
export async function ask<T>(
  hook: Hook,
  call: string,
  body: object | undefined,
  parse: (answer: unknown) => T,
  patience = hook.limits.reconnect,
): Promise<T> {
  const { limits, over, printer } = hook;
  const began = performance.now();
  let told = false;
  for (let tries = 0; ; tries++) {
    const limit = deadline(over, limits.call);
    try {
      const response = await open(hook, call, body, limit.signal, tries > 0);
      const status = response.statusCode ?? 0;
      const answer = await readJson(response, limits.document);
      if (status < 200 || status > 299) throw errorOf(status, answer);
      try {
        return parse(answer);
      } catch (error) {
        // To the job it is no refusal.
        throw new Failure('gate-failed', `the gate is not understood: ${(error as Error).message}`, { cause: error });
      }
    } catch (error) {
      const { code, message } = passing(unreachable(error), over);
      const time = duration(patience / 1000);
      const passed = performance.now() - began;
      if (passed >= patience)
        throw new Failure('gate-unreachable', `no gate answered for ${time}: ${message}`, { cause: error });
      if (!told && passed > limits.retryMost) {
        told = true;
        printer.own(`airlock: ${message}; trying again for up to ${time}`);
        await printer.flush();
      }
      await pause(hook, code, tries);
    } finally {
      limit.end();
    }
  }
}
