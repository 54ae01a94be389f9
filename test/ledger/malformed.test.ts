import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import { bindingName } from '../../src/gate/ledger/files/names.ts';
import { run } from '../support/run.ts';
import { type Held, hold, newFolder, open } from './support/open.ts';
import { after, ended, session, waiting } from './support/records.ts';
import { systemError, trappedDisk } from './support/traps.ts';

// What cannot be read counts as "started, unknown": its slot is taken for ever, and nobody falls back on what stood
// there before.

const job = jobKeyText(waiting().key);
const whole = JSON.stringify(waiting({ rev: 2, phase: 'starting' }));

type Break = (path: string) => void | Promise<void>;

/** A ledger whose slot 1 stands at revision 2, and is then broken while no gate runs. */
async function broken(breakIt: Break): Promise<Held & { readonly folder: string }> {
  const folder = newFolder();
  const { ledger, epoch } = await hold(folder);
  await ledger.create(waiting({ epoch }));
  await ledger.swap(after(waiting({ epoch }), { phase: 'starting' }));
  await ledger.create(waiting({ epoch, slot: 2 }));
  await ledger.close();
  await breakIt(join(folder, 'tasks', `${job}.1.2`));
  return { ...(await hold(folder)), folder };
}

const replace =
  (text: string | Uint8Array) =>
  (path: string): void => {
    rmSync(path, { recursive: true, force: true });
    writeFileSync(path, text);
  };

const ways: readonly (readonly [what: string, breakIt: Break, reason: string])[] = [
  ['that is empty', (path) => truncateSync(path), 'is not one JSON document'],
  ['that is cut off', (path) => truncateSync(path, 200), 'is not one JSON document'],
  ['that is zeroes', replace(new Uint8Array(500)), 'is not one JSON document'],
  ['that is not UTF-8', replace(Uint8Array.of(0x7b, 0xff, 0x7d)), 'is not valid UTF-8'],
  ['with more behind it', replace(`${whole}{}`), 'is not one JSON document'],
  ['with a key twice', replace(whole.replace('"v":1', '"v":1,"v":1')), 'holds the key "v" twice'],
  ['with a field more', replace(whole.replace('"v":1', '"v":1,"w":1')), 'holds the unknown field "w"'],
  ['without a field', replace(whole.replace('"slot":1,', '')), 'lacks "slot"'],
  ['of another version', replace(whole.replace('"v":1', '"v":2')), '"v" is not as expected'],
  ['of another slot', replace(whole.replace('"slot":1', '"slot":2')), 'it holds another record than its name says'],
  ['of another job', replace(whole.replace('c500', 'c501')), 'it holds another record than its name says'],
  ['of another revision', replace(whole.replace('"rev":2', '"rev":3')), 'it holds another record than its name says'],
  ['that is too large', replace(whole + ' '.repeat(600_000)), 'it is too large'],
  [
    'that is a symbolic link to a good one',
    (path) => {
      renameSync(path, `${dirname(path)}/good`);
      symlinkSync('good', path);
    },
    'it is a symbolic link',
  ],
  [
    'that is a folder',
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    'it is not a plain file',
  ],
  [
    'that is a pipe',
    async (path) => {
      rmSync(path);
      expect(await run('mkfifo', [path])).toMatchObject({ code: 0 });
    },
    'it is not a plain file',
  ],
];

describe('a record', () => {
  it('that is whole is read', async () => {
    const { ledger } = await broken(replace(whole));
    expect(await ledger.read(job, 1)).toEqual({ record: JSON.parse(whole) });
  });

  it.each(ways)('%s is unreadable, and its slot is taken for ever', async (_what, breakIt, reason) => {
    const { ledger, epoch, folder } = await broken(breakIt);
    const unreadable = { unreadable: expect.stringContaining(reason), job, slot: 1 };
    expect(await ledger.read(job, 1)).toEqual(unreadable);
    expect(await ledger.list({ job })).toEqual([unreadable, { record: waiting({ epoch: 1, slot: 2 }) }]);
    expect(await ledger.list({ repositoryId: '1' })).toEqual([]);
    expect(await ledger.create(waiting({ epoch }))).toBe(false);
    for (const rev of [1, 2, 3]) expect(await ledger.swap(waiting({ epoch, rev }))).toBe(false);
    // The others are as they were.
    expect(await ledger.swap(after(waiting({ epoch, slot: 2 }), { phase: 'starting' }))).toBe(true);
    expect(readdirSync(join(folder, 'tasks'))).toContain(`${job}.1.2`);
  });

  it.each([
    ['EACCES', 'the gate may not read it'],
    ['EIO', 'the disk cannot read it'],
    ['EUNHEARDOF', 'EUNHEARDOF'],
  ])('that the system answers with %s is unreadable', async (code, reason) => {
    const folder = newFolder();
    const { ledger: first } = await hold(folder);
    await first.create(waiting());
    await first.close();
    const disk = trappedDisk({
      before({ call, path }) {
        if (call === 'read' && path.includes('tasks')) throw systemError(code);
      },
    });
    const { ledger, epoch } = await hold(folder, { disk });
    expect(await ledger.read(job, 1)).toEqual({ unreadable: `${job}.1.1: ${reason}`, job, slot: 1 });
    expect(await ledger.swap(after(waiting({ epoch })))).toBe(false);
  });

  it('whose newest revision somebody has removed is unreadable, not as old as what is left', async () => {
    const folder = newFolder();
    const { ledger, epoch } = await hold(folder, { bounds: { cached: 0 } });
    await ledger.create(waiting({ epoch }));
    await ledger.swap(after(waiting({ epoch }), { phase: 'ordered' }));
    rmSync(join(folder, 'tasks', `${job}.1.2`));
    expect(await ledger.read(job, 1)).toEqual({ unreadable: `${job}.1.2: it has vanished`, job, slot: 1 });
  });

  it('that could not be read again is not written', async () => {
    const { ledger, epoch } = await hold(newFolder());
    const wrong = [
      waiting({ epoch, slot: 0 }),
      waiting({ epoch, nonce: 'x' }),
      waiting({ epoch, phase: 'ended' }),
      waiting({ epoch, key: { ...waiting().key, job: '../x' } }),
      waiting({ epoch, plan: { ...waiting().plan, params: { A: 'x'.repeat(5_000) } } }),
    ];
    for (const record of wrong)
      await expect(ledger.create(record)).rejects.toMatchObject({
        code: 'ledger-failed',
        message: expect.stringMatching(/^a record that could not be read again is not written: the ledger record/),
      });
    expect(await ledger.list({})).toEqual([]);
  });

  it('is not a file whose name is none of the ledger', async () => {
    const { ledger, folder } = await broken(() => undefined);
    for (const name of [
      'x',
      `${job}.1`,
      `${job}.1.02`,
      `${job}.1.0`,
      `${job}.0.1`,
      `${job}.1.2~`,
      `.${job}.1.2`,
      '1.2.3.x5.1.1',
    ])
      writeFileSync(join(folder, 'tasks', name), whole);
    await ledger.close();
    expect(await (await open(folder)).list({})).toHaveLength(2);
  });
});

describe('a binding', () => {
  const other = jobKeyText({ ...waiting().key, job: 'c501' });

  it.each([
    ['that is empty', ''],
    ['of another runner', JSON.stringify({ v: 1, runner: 'runner-2', job, epoch: 1, bound: 1 })],
    ['to no job', JSON.stringify({ v: 1, runner: 'runner-1', job: 'x', epoch: 1, bound: 1 })],
    ['of another version', JSON.stringify({ v: 2, runner: 'runner-1', job, epoch: 1, bound: 1 })],
  ])('%s binds its runner to no job at all', async (_what, text) => {
    const folder = newFolder();
    const { ledger } = await hold(folder);
    await ledger.bind('runner-1', job);
    writeFileSync(join(folder, 'bindings', `${bindingName('runner-1')}.1`), text);
    for (const asked of [job, other])
      await expect(ledger.bind('runner-1', asked)).rejects.toMatchObject({
        code: 'ledger-failed',
        message: expect.stringMatching(/^the job of this runner cannot be read/),
      });
    expect(await ledger.bind('runner-2', other)).toBe(other);
  });

  it('outlives its gate', async () => {
    const folder = newFolder();
    const { ledger: first } = await hold(folder);
    await first.bind('runner-1', job);
    await first.close();
    const { ledger } = await hold(folder);
    expect(await ledger.bind('runner-1', other)).toBe(job);
  });

  it('is to a job only', async () => {
    const { ledger } = await hold(newFolder());
    await expect(ledger.bind('runner-1', 'no job')).rejects.toMatchObject({ code: 'ledger-failed' });
    expect(await ledger.bind('runner-1', job)).toBe(job);
  });
});

describe('a session', () => {
  it('outlives its gate, in its newest revision, until it is closed', async () => {
    const folder = newFolder();
    const { ledger: first } = await hold(folder);
    const [one, two] = [session(), session({ session: 'b'.repeat(32), runner: 'pod/x:1', ephemeral: true })];
    expect(await first.putSession(one)).toBe(true);
    expect(await first.putSession(one)).toBe(false);
    expect(await first.putSession(two)).toBe(true);
    expect(await first.putSession({ ...two, rev: 3, job })).toBe(false);
    expect(await first.putSession({ ...two, rev: 2, job })).toBe(true);
    await first.close();

    const { ledger, epoch } = await hold(folder);
    expect(await ledger.sessions()).toEqual([one, { ...two, rev: 2, job }]);
    expect(await ledger.putSession({ ...one, rev: 2, job })).toBe(false);
    expect(await ledger.putSession({ ...one, rev: 2, job, epoch })).toBe(true);
    await ledger.closeSession(two.session);
    await ledger.closeSession(two.session);
    expect(await ledger.sessions()).toEqual([{ ...one, rev: 2, job, epoch }]);
    expect(readdirSync(join(folder, 'sessions')).every((name) => name.startsWith('a'))).toBe(true);
  });

  it('that cannot be read is no session; the others are', async () => {
    const folder = newFolder();
    const { ledger: first } = await hold(folder);
    await first.putSession(session());
    await first.putSession(session({ session: 'b'.repeat(32) }));
    await first.close();
    writeFileSync(join(folder, 'sessions', `${'b'.repeat(32)}.1`), JSON.stringify(session()));
    const { ledger } = await hold(folder);
    expect(await ledger.sessions()).toEqual([session()]);
  });
});

describe('a task that has ended', () => {
  it('keeps its first and its last revision only, and can never be changed again', async () => {
    const folder = newFolder();
    const { ledger, epoch } = await hold(folder);
    const one = waiting({ epoch });
    const two = after(one, { phase: 'starting' });
    const three = ended(two);
    await ledger.create(one);
    await ledger.swap(two);
    await ledger.swap(three);
    expect(readdirSync(join(folder, 'tasks'))).toEqual([`${job}.1.1`, `${job}.1.3`]);
    expect(await ledger.swap(after(three))).toBe(false);
    expect(await ledger.swap(two)).toBe(false);
    expect(await ledger.swap(after(one))).toBe(false);
    await ledger.close();
    const next = await hold(folder);
    expect(await next.ledger.swap(after(three, { epoch: next.epoch }))).toBe(false);
    expect(await next.ledger.swap({ ...two, epoch: next.epoch })).toBe(false);
    expect(await next.ledger.read(job, 1)).toEqual({ record: three });
  });
});
