// What each call does. Bodies are parsed once, strictly; every session and task is looked up by the runner that calls.

import { acceptsImage, rehearse } from '../policy/index.ts';
import {
  Refusal,
  type RehearsalAnswer,
  type SessionAnswer,
  parseEmpty,
  parseProofRequest,
  parseRehearsalRequest,
  parseSessionRequest,
  parseStrictJson,
  parseTaskRequest,
  protocolVersion,
} from '../protocol/index.ts';
import type { AuditEntry } from './audit.ts';
import type { Context } from './context.ts';
import type { RunnerIdentity } from './identity/runner.ts';
import { type Call, type Reply, jsonReply } from './reply.ts';
import { type CallName, malformed, parsePosition } from './routes.ts';
import type { Sessions } from './sessions.ts';
import { jobFields } from './tasks/task.ts';
import type { Tasks } from './tasks/tasks.ts';

/** Bytes of a call's body. */
const maxBody = 65_536;

type Handler = (runner: RunnerIdentity, id: string, call: Call) => Promise<Reply> | Reply;

const bodyOf = (call: Call): unknown => parseStrictJson(call.body, { maxBytes: maxBody, what: "the call's body" });

/** A gate understands its own hooks and those of the version before (DESIGN.md, Rooms). */
function checkVersion(v: number): void {
  if (v === protocolVersion || v === protocolVersion - 1) return;
  if (v > protocolVersion)
    throw malformed(`the hook speaks version ${v}, this gate ${protocolVersion}`, 'upgrade the gate first');
  throw new Refusal({
    code: 'hook-too-old',
    rule: 'protocol version',
    message: `the hook speaks version ${v}, this gate ${protocolVersion}`,
    fix: "upgrade the runner's image",
  });
}

export function createCalls(context: Context, sessions: Sessions, tasks: Tasks): Readonly<Record<CallName, Handler>> {
  const { audit, policy, prover, selfTest, timing } = context;

  async function refused(no: Refusal, entry: AuditEntry): Promise<never> {
    await audit.write({ ...entry, decision: 'refused', code: no.code, message: no.message, policy: policy.hash });
    throw no;
  }

  return {
    async open(runner, _id, call) {
      const { v, image } = parseSessionRequest(bodyOf(call));
      checkVersion(v);
      const no = acceptsImage(policy, image);
      if (no !== null) await refused(no, { event: 'session', runner: runner.id });
      const session = await sessions.open(runner);
      await audit.write({ event: 'session', decision: 'allowed', runner: runner.id });
      const reconnect = Math.ceil(policy.limits.reconnect / 1000);
      const silent = Math.ceil(timing.gateSilent / 1000);
      return jsonReply({
        session: session.id,
        identity: policy.identity.mode,
        reconnect,
        silent,
      } satisfies SessionAnswer);
    },

    async challenge(runner, id, call) {
      const session = sessions.of(runner, id);
      parseEmpty(bodyOf(call));
      // Here a hook can wait: it has no token yet that grows old.
      await selfTest.admits();
      const { audience, expires } = prover.challenge(session.id, runner);
      return jsonReply({ audience, expires });
    },

    async rehearsal(runner, id, call) {
      const session = sessions.of(runner, id);
      const proof = parseRehearsalRequest(bodyOf(call));
      await selfTest.admits();
      let entry: AuditEntry = { event: 'proof', runner: runner.id };
      try {
        const claims = await prover.prove(proof, session.id, runner);
        entry = { ...entry, ...jobFields(claims) };
        await sessions.bind(session, claims);
        entry = { ...entry, event: 'rehearsal', job: session.job ?? undefined };
        const rehearsal = rehearse(policy, claims);
        if (!rehearsal.allowed) {
          entry = { ...entry, detail: rehearsal.detail };
          throw rehearsal.refusal;
        }
        await audit.write({ ...entry, decision: 'allowed', policy: policy.hash });
        tasks.rehearsed(session);
        return jsonReply({ log: rehearsal.log } satisfies RehearsalAnswer);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return refused(error, entry);
      }
    },

    async tasks(runner, id, call) {
      const session = sessions.of(runner, id);
      const request = parseTaskRequest(bodyOf(call));
      checkVersion(request.v);
      return jsonReply(await tasks.submit(session, request));
    },

    close(runner, id) {
      sessions.close(sessions.of(runner, id));
      return jsonReply({});
    },

    events: (runner, id, call) => ({ kind: 'stream', lines: tasks.events(runner, id, parsePosition(call.query)) }),

    async proof(runner, id, call) {
      await tasks.prove(runner, id, parseProofRequest(bodyOf(call)));
      return jsonReply({});
    },

    async cancel(runner, id, call) {
      parseEmpty(bodyOf(call));
      await tasks.cancel(runner, id);
      return jsonReply({});
    },
  };
}
