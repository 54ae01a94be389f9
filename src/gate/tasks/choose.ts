// A promotion's cell asks which old build is meant. The policy chooses among what the cell reports and what the ledger
// knows; the choice is in the audit log and in the ledger before the cell hears of it, and it is made once: whoever asks
// again, also after the death of this gate, is told the same.

import { chooseBuild, inheritedNames } from '../../policy/index.ts';
import { type BuildsEvent, Failure, Refusal } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import { isChoosing } from '../ledger/machine.ts';
import type { Life } from './life.ts';
import { madeBuilds } from './made-builds.ts';
import { readSecrets } from './secrets.ts';
import { type Task, taskFields } from './task.ts';

/** Refs and names of parameters are Drone's, so what the operator wants to be kept out of a log may stand there too. */
async function redacted(text: string, { plan, droneToken }: Task, { policy, timing }: Context): Promise<string> {
  const drone = policy.drones.get(plan.drone);
  if (plan.redact === undefined || drone === undefined) return text;
  const { redact } = await readSecrets(plan, drone, droneToken, timing.disk);
  const longest = redact.toSorted((a, b) => b.length - a.length);
  return longest.reduce((left, literal) => left.replaceAll(literal, '***'), text);
}

/** One line for the author: a refusal in the course of a task has no other place for what to do. */
async function told(no: Refusal, task: Task, context: Context): Promise<Refusal> {
  const { code, rule, fix } = no;
  const message = `${await redacted(no.message, task, context)} (${rule}). What to do: ${fix}`;
  return new Refusal({ code, message, rule, fix }, { cause: no });
}

/** Names that an audit line holds. */
const maxNames = 16;

async function decided(task: Task, event: BuildsEvent, context: Context, { see }: Life): Promise<void> {
  const { audit, ledger } = context;
  const record = task.journal.record();
  if (record.choice !== undefined) return see(task, { seen: 'chosen', choice: record.choice, base: event.base });
  const choice = chooseBuild(task.plan, event, await madeBuilds(record, ledger));
  if (choice instanceof Refusal) {
    const { code, message } = choice;
    await audit.write({ event: 'choice', decision: 'refused', code, message, ...taskFields(task) });
    throw await told(choice, task, context);
  }
  const names = inheritedNames(task.plan, choice).slice(0, maxNames).join(', ');
  const detail = `build ${choice.number} of ${choice.ref} at ${choice.commit}${names === '' ? '' : `, which brings ${names} along`}`;
  await audit.write({ event: 'choice', decision: 'allowed', ...taskFields(task), build: choice.number, detail });
  await see(task, { seen: 'chosen', choice, base: event.base });
}

/** Does not wait. What goes wrong, and what the policy refuses, ends the task. */
export function answerChoice(task: Task, event: BuildsEvent, context: Context, life: Life): void {
  if (task.plan.kind === 'build')
    throw new Failure('cell-misbehaved', "the cell's report cannot be believed: it asks for a choice that nobody has");
  decided(task, event, context, life).catch((error: unknown) => {
    // Another cell has taken the place of the one that asked; it asks for itself.
    if (error instanceof Refusal && !isChoosing(task.journal.record())) return;
    void life.fail(task, error);
  });
}
