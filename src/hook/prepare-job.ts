// prepare_job: looks at the job's shape, opens a session, and rehearses the proof, so that a job that can do nothing
// is refused at its beginning and the gate may start its cell (DESIGN.md, The hook).

import type { PrepareJob } from '../protocol/hook-input.ts';
import { prepareJobResponse } from '../protocol/hook-response.ts';
import { protocolVersion, taskNames } from '../protocol/request.ts';
import { parseRehearsalAnswer, parseSessionAnswer } from '../protocol/session.ts';
import { ask } from './gate.ts';
import type { Hook } from './hook.ts';
import { imageOf } from './job-shape.ts';
import { patient } from './patience.ts';
import { prove } from './prove.ts';
import { refuse } from './refuse.ts';
import { respond } from './response-file.ts';

/** @throws {Refusal} @throws {Failure} with the session closed again */
export async function prepareJob(hook: Hook, { args, responseFile }: PrepareJob): Promise<void> {
  const { env, printer, settings } = hook;
  const body = { v: protocolVersion, image: imageOf(args, env) };
  const answer = await ask(hook, 'POST /v1/sessions', body, parseSessionAnswer);
  const { session, identity } = answer;
  const path = `/v1/sessions/${session}`;
  const open = patient(hook, answer);
  try {
    if (identity === 'github' && !settings.idToken) {
      const fix = 'add to the job:\npermissions:\n  id-token: write\n(a pull request from a fork never gets it)';
      refuse('id-token-missing', 'the job may not ask GitHub for an id token, its proof', 'permissions', fix);
    }
    const rehearse = (proof: object) => ask(open, `POST ${path}/rehearsal`, proof, parseRehearsalAnswer);
    const { log } = await prove(open, answer, rehearse);
    respond(responseFile, settings.temp, JSON.stringify(prepareJobResponse(answer)));
    printer.own(`airlock: session open; log level ${log}; steps may run: ${taskNames.join(', ')}`);
  } catch (error) {
    // The runner will never know of this session.
    await ask(hook, `DELETE ${path}`, undefined, String, 0).catch(() => undefined);
    throw error;
  }
}
