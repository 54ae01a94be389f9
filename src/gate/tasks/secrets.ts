// What an order needs from files, read when the order is made: a rotated token is used at once, and none is kept.

import { readFile } from 'node:fs/promises';
import type { DronePolicy, FileReference, Plan } from '../../policy/index.ts';
import { Failure, Refusal } from '../../protocol/index.ts';
import { within } from '../limit.ts';

export interface Secrets {
  readonly token: string;
  readonly ca?: string | undefined;
  readonly redact: readonly string[];
}

function tooLong(file: string, limit: number): never {
  throw new Error(`${file} could not be read within ${limit} ms`);
}

/** The author learns that it is the operator's business; the path and the cause stand in the operator's log. */
async function contentOf({ file }: FileReference, what: string, limit: number): Promise<string> {
  let text = '';
  try {
    text = (await within(readFile(file, 'utf8'), limit, () => tooLong(file, limit))).trim();
  } catch (cause) {
    throw new Failure('gate-failed', `the gate cannot read ${what}; tell its operator`, { cause });
  }
  if (text === '')
    throw new Failure('gate-failed', `the gate's file with ${what} is empty; tell its operator`, {
      cause: new Error(`${file} is empty`),
    });
  return text;
}

function workflowToken(given: string | undefined): string {
  // The token is redacted in the log, so one that is hardly a text would make stars of it.
  if (given !== undefined && given.length >= shortest) return given;
  throw new Refusal({
    code: 'drone-token-missing',
    rule: 'drones.token: workflow',
    message: 'this Drone takes its token from the workflow, and the step has none',
    fix: 'set DRONE_TOKEN in the environment of the step, from a secret',
  });
}

/** A literal of one or two characters would make stars of every log, and no secret is that short. */
const shortest = 3;
/** What an order takes of a literal (protocol/order.ts), and of all together within its own limit. */
const longest = 4096;
const most = 262_144;

const linesOf = (text: string): readonly string[] => text.trim().split(/\r?\n/);

/** What is wrong with the text of a `redact` file; null: nothing. Without it no task that needs the file is started. */
export function redactProblem(text: string): string | null {
  if (text.trim() === '') return 'is empty';
  if (text.trim().length > most) return `has more than ${most} characters`;
  for (const [index, { length }] of linesOf(text).entries()) {
    if (length > 0 && length < shortest)
      return `holds fewer than ${shortest} characters in line ${index + 1}: nearly every line of a log would be replaced`;
    if (length > longest) return `holds more than ${longest} characters in line ${index + 1}`;
  }
  return null;
}

function literalsOf(text: string): readonly string[] {
  const problem = redactProblem(text);
  if (problem !== null)
    throw new Failure('gate-failed', `the gate's file with what has to be redacted ${problem}; tell its operator`);
  return linesOf(text).filter((line) => line !== '');
}

/**
 * @param droneToken what the step brought; used only where the policy says `token: workflow`
 * @param limit milliseconds for each file
 * @throws {Refusal} `drone-token-missing` @throws {Failure} `gate-failed`
 */
export async function readSecrets(
  plan: Pick<Plan, 'redact'>,
  drone: DronePolicy,
  droneToken: string | undefined,
  limit: number,
): Promise<Secrets> {
  const token =
    drone.token === 'workflow' ? workflowToken(droneToken) : await contentOf(drone.token, "the Drone's token", limit);
  const ca = drone.ca === undefined ? undefined : await contentOf(drone.ca, "the Drone's certificate authority", limit);
  const redact = plan.redact === undefined ? '' : await contentOf(plan.redact, 'what has to be redacted', limit);
  return { token, ca, redact: plan.redact === undefined ? [] : literalsOf(redact) };
}
