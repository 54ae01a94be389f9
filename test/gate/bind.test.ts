// The third proof: the job of the token runs on the runner that sent it.

import { afterEach, describe, expect, test } from 'vitest';
import type { JobBinder } from '../../src/gate/identity/bind.ts';
import { createBind, notOnRunner } from '../../src/gate/identity/bind.ts';
import { createGate } from '../../src/gate/gate.ts';
import { fileAudit } from '../../src/gate/audit.ts';
import { noEngine } from '../../src/gate/cells/none.ts';
import { memoryLedger } from '../../src/gate/ledger/memory.ts';
import { silentLog } from '../../src/gate/log.ts';
import type { Claims } from '../../src/policy/index.ts';
import { type Bench, startBench } from './support/bench.ts';

const claims = (checkRunId: string): Claims => ({
  repository: 'octo/app',
  repositoryId: '123456',
  visibility: 'public',
  ref: 'refs/heads/main',
  refProtected: true,
  sha: 'a'.repeat(40),
  eventName: 'push',
  actor: 'octocat',
  runId: '7',
  runAttempt: '1',
  checkRunId,
  workflowRef: 'octo/app/.github/workflows/deploy.yml@refs/heads/main',
});
const runner = (id: string) => ({ id, ephemeral: true });

function binder(answer: (job: string, runner: string) => Promise<void>): JobBinder & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    kind: 'github',
    asked,
    check(of, { id }) {
      asked.push(`${of.checkRunId} on ${id}`);
      return answer(of.checkRunId ?? '', id);
    },
  };
}

describe('asking on which runner a job runs', () => {
  test('is done once for a job and a runner, and again for every other pair', async () => {
    const one = binder(async () => undefined);
    const bind = createBind(one, 60_000);
    await Promise.all([bind(claims('1'), runner('a')), bind(claims('1'), runner('a'))]);
    await bind(claims('1'), runner('a'));
    await bind(claims('1'), runner('b'));
    await bind(claims('2'), runner('a'));
    expect(one.asked).toEqual(['1 on a', '1 on b', '2 on a']);
  });

  test('remembers no refusal and no failure', async () => {
    const answers = [
      () => Promise.reject(new Error('GitHub is away')),
      () => Promise.reject(notOnRunner('the job runs on another runner')),
      () => Promise.resolve(),
    ];
    const bind = createBind(
      binder(() => answers.shift()!()),
      60_000,
    );
    await expect(bind(claims('1'), runner('a'))).rejects.toMatchObject({
      code: 'job-check-failed',
      message: 'nobody could be asked on which runner this job runs; run the job again',
      status: 503,
    });
    await expect(bind(claims('1'), runner('a'))).rejects.toMatchObject({ code: 'job-not-on-runner' });
    await expect(bind(claims('1'), runner('a'))).resolves.toBeUndefined();
  });

  test('that takes too long is as good as a no, and is called off', async () => {
    let off = false;
    const slow: JobBinder = {
      kind: 'github',
      check: (_claims, _runner, signal) =>
        new Promise(() => signal.addEventListener('abort', () => (off = true), { once: true })),
    };
    await expect(createBind(slow, 20)(claims('1'), runner('a'))).rejects.toMatchObject({ code: 'job-check-failed' });
    expect(off).toBe(true);
  });
});

describe('a gate with identity.bind', () => {
  let bench: Bench | undefined;
  afterEach(() => bench?.stop());

  const start = async (answer: (job: string, runner: string) => Promise<void>): Promise<void> => {
    bench = await startBench({
      change: (policy) => ({ ...policy, identity: { ...policy.identity, bind: 'github' } }),
      binder: binder(answer),
    });
  };

  test('takes the proof of a job that runs on this runner', async () => {
    await start(async () => undefined);
    const session = await (await bench!.runner()).session();
    expect(await session.rehearse()).toMatchObject({ status: 200 });
    await session.task();
  });

  test('refuses the same proof from another runner: at the rehearsal and at the task, and nothing is started', async () => {
    await start(async (_job, id) => {
      if (id !== 'good') throw notOnRunner('the job runs on another runner');
    });
    const session = await (await bench!.runner('stolen')).session();
    const refused = {
      status: 403,
      body: {
        refused: { code: 'job-not-on-runner', rule: 'identity.bind', message: 'the job runs on another runner' },
      },
    };
    expect(await session.rehearse()).toMatchObject(refused);
    expect(await session.ask()).toMatchObject(refused);
    expect(await (await (await bench!.runner('good')).session()).rehearse()).toMatchObject({ status: 200 });
    expect(bench!.audit().filter(({ decision }) => decision === 'refused')).toMatchObject([
      { event: 'proof', code: 'job-not-on-runner', runner: 'stolen' },
      { event: 'proof', code: 'job-not-on-runner', runner: 'stolen' },
    ]);
  });

  test('believes nobody while it cannot ask', async () => {
    await start(() => Promise.reject(new Error('GitHub is away')));
    const session = await (await bench!.runner()).session();
    expect(await session.ask()).toMatchObject({ status: 503, body: { failed: { code: 'job-check-failed' } } });
  });

  test('does not start without anybody to ask', async () => {
    bench = await startBench();
    const audit = await fileAudit(`${bench.folder}/other`);
    const policy = { ...bench.policy, identity: { ...bench.policy.identity, bind: 'github' as const } };
    expect(() => createGate({ policy, ledger: memoryLedger(), audit, cells: noEngine, log: silentLog() })).toThrow(
      "identity.bind: github needs the section github: of the gate's configuration",
    );
    await audit.close();
  });
});
