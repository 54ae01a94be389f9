// run_script_step: the one call that does something. The text chooses the task, the gate decides, the events tell.

import { Failure } from '../protocol/errors.ts';
import type { RunScriptStep } from '../protocol/hook-input.ts';
import { parseHookState } from '../protocol/hook-response.ts';
import { type TaskAnswer, parseTaskAnswer, protocolVersion } from '../protocol/request.ts';
import { follow } from './follow.ts';
import { ask } from './gate.ts';
import type { Hook } from './hook.ts';
import { inputsOf } from './inputs.ts';
import { patient } from './patience.ts';
import { prove } from './prove.ts';
import { random } from './random.ts';
import { refuse } from './refuse.ts';
import { report } from './report.ts';
import { sleep } from './sleep.ts';
import { taskOf } from './step-text.ts';
import { type View, createView } from './view.ts';
import type { ResultEvent } from './words.ts';

/** What is known of a task at the moment of a cancel. */
interface Asked {
  /** The gate may know of it. */
  sent: boolean;
  readonly view: View;
  readonly answer: Promise<TaskAnswer>;
}

const nameOf = ({ seen }: View): string => (seen.build > 0 ? `build ${seen.build}` : 'the task');

/** After a signal: tells the gate, and leaves in time whatever the gate says (contract/README.md, Cancel). */
async function leave(hook: Hook, asked: Asked): Promise<never> {
  const { limits, over, printer, stopped } = hook;
  await stopped;
  if (!asked.sent) throw new Failure('cancelled', 'the job was cancelled before anything was started');
  let told = false;
  const cancel = async ({ task }: TaskAnswer): Promise<void> => {
    while (!told) {
      const asking = ask(hook, `POST /v1/tasks/${task}/cancel`, {}, () => true);
      told = await asking.catch(() => false);
      await sleep(limits.retry, over);
    }
  };
  asked.answer.then(cancel).catch(() => undefined);
  printer.own('airlock: the job was cancelled; cancelling the task');
  printer.flush().catch(() => undefined);
  await sleep(limits.leave, over);
  const task = nameOf(asked.view);
  const then = told ? `the gate goes on cancelling ${task}` : `the gate could not be told, so ${task} goes on`;
  throw new Failure('cancelled', `the job was cancelled; ${then} without this step`);
}

/** The exit code. @throws {Refusal} @throws {Failure} */
export async function runScriptStep(begun: Hook, { args, state }: RunScriptStep): Promise<number> {
  const { limits, now, printer, settings } = begun;
  const began = now();
  const task = taskOf(args, settings.temp, limits.document);
  const opened =
    parseHookState(state) ??
    refuse('no-session', 'the job has no session at the gate', 'session', 'look at the step "Initialize containers"');
  const { session } = opened;
  const hook = patient(begun, opened);
  const wish = { v: protocolVersion, request: random(), task, ...inputsOf(args.environmentVariables) };
  const view = createView(hook);

  const attach = () =>
    prove(hook, opened, async (proof) => {
      const body = { ...wish, ...proof };
      if (Buffer.byteLength(JSON.stringify(body)) > limits.document)
        refuse('params-too-large', 'the parameters are too large together', 'calls of 64 KiB', 'send less');
      asked.sent = true;
      return ask(hook, `POST /v1/sessions/${session}/tasks`, body, parseTaskAnswer);
    });
  const answer = attach();
  const asked: Asked = { sent: false, view, answer };
  const result = async (): Promise<ResultEvent> => {
    const accepted = await answer;
    printer.own('airlock: the gate accepts the task');
    if (accepted.phase === 'waiting') view.wait('a place');
    await printer.flush();
    const proof = `POST /v1/tasks/${accepted.task}/proof`;
    const turn = () => prove(hook, opened, (body) => ask(hook, proof, body, String));
    return follow(hook, accepted.task, view, turn, attach).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(error.code, `${error.message}; ${nameOf(view)} goes on without this step`, { cause: error });
    });
  };
  const ended = await Promise.race([result(), leave(hook, asked)]);
  return report(hook, { task, result: ended, ...view.seen }, began);
}
