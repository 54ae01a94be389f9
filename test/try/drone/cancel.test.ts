import { describe, expect, it, vi } from 'vitest';
import type { CancelMode } from '../../../src/try/drone/index.ts';
import { BUILDS, drone, endless, entriesOf, type Fixture, TRIGGER, wheeled } from './drones.ts';

async function running(cancel: CancelMode): Promise<Fixture> {
  const fixture = await drone({ ...endless('tick\n'), cancel });
  await fixture.ask('POST', TRIGGER);
  await fixture.when(1, ({ stages }) => (stages[0]?.steps[0]?.entries ?? 0) > 0);
  return fixture;
}

const KILLED = {
  status: 'killed',
  stages: [
    {
      status: 'killed',
      steps: [
        { status: 'killed', exit_code: 130 },
        { status: 'skipped', exit_code: 130 },
      ],
    },
  ],
};

describe('a cancel', () => {
  it('that is honoured ends the process at once and stores its log, again and again with the same answer', async () => {
    const { ask, when } = await running('honoured');
    expect((await ask('DELETE', `${BUILDS}/1`)).json).toMatchObject(KILLED);
    expect((await ask('GET', `${BUILDS}/1/logs/1/1`)).json).toMatchObject([{ pos: 0, out: 'tick\n' }]);
    const build = await when(1, ({ stages }) => stages[0]?.steps[0]?.alive === false);
    expect(build.stages[0]?.steps[1]).toMatchObject({ status: 'skipped', alive: false });
    expect((await ask('DELETE', `${BUILDS}/1`)).json).toMatchObject(KILLED);
  });

  it('leaves the live stream open', async () => {
    const { ask, open } = await running('honoured');
    const stream = await open('/api/stream/octo/hello/1/1/1');
    await stream.until((text) => text.includes('tick'));
    await ask('DELETE', `${BUILDS}/1`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect(stream.ended()).toBe(false);
  });

  it('that is lost has the same answer, while the step prints on; its log is stored at its own end, no later step runs', async () => {
    const { ask, open, untilAlive, turn, toTheEnd, build } = await wheeled({
      stages: [{ name: 'default', steps: [{ name: 'work', lines: ['a\n', 'b\n', 'c\n'] }, { name: 'after' }] }],
      cancel: 'lost',
    });
    await untilAlive();
    expect((await ask('DELETE', `${BUILDS}/1`)).json).toMatchObject(KILLED);
    const stream = await open('/api/stream/octo/hello/1/1/1');
    await stream.until((text) => entriesOf(text).length === 1);
    await turn();
    await stream.until((text) => entriesOf(text).length === 2);
    expect((await ask('GET', `${BUILDS}/1/logs/1/1`)).status).toBe(404);
    expect((await ask('DELETE', `${BUILDS}/1`)).json).toMatchObject(KILLED);
    await toTheEnd();
    expect((await ask('GET', `${BUILDS}/1/logs/1/1`)).json).toHaveLength(3);
    expect(build(1)).toMatchObject({
      status: 'killed',
      stages: [{ steps: [{ status: 'killed' }, { status: 'skipped', entries: 0 }] }],
    });
    expect(stream.ended()).toBe(false);
  });

  it.each([
    [1000, false],
    [29_000, false],
    [31_000, true],
    [39_000, true],
    [41_000, false],
    [75_000, true],
  ])('by the clock, %i ms after the start of the stage: lost is %s', async (age, lost) => {
    const { ask, untilAlive, build } = await wheeled({ ...endless('x\n'), cancel: 'by-the-clock' });
    await untilAlive();
    const now = Date.now();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(now + age);
    expect((await ask('DELETE', `${BUILDS}/1`)).json).toMatchObject(KILLED);
    clock.mockRestore();
    expect(build(1).stages[0]?.steps[0]).toMatchObject({ stored: !lost, alive: lost });
  });

  it('may be refused once by a conflict that changes nothing', async () => {
    const { ask, build } = await running('conflict-once');
    const { status, json } = await ask('DELETE', `${BUILDS}/1`);
    expect([status, json, build(1).status]).toEqual([409, { message: 'Optimistic Lock Error' }, 'running']);
    expect((await ask('DELETE', `${BUILDS}/1`)).json).toMatchObject(KILLED);
  });

  it('of a pending build skips its stages', async () => {
    const { ask } = await drone({ ...endless(), pendingMs: Number.POSITIVE_INFINITY });
    await ask('POST', TRIGGER);
    const { json } = await ask('DELETE', `${BUILDS}/1`);
    expect(json).toMatchObject({ status: 'killed', stages: [{ status: 'skipped', exit_code: 0 }] });
  });

  it('of a finished build changes nothing, and needs the right to write', async () => {
    const { ask, ended } = await drone({ stages: [{ name: 'default', steps: [{ name: 'a' }] }] });
    await ask('POST', TRIGGER);
    await ended(1);
    expect((await ask('DELETE', `${BUILDS}/1`)).json).toMatchObject({ status: 'success' });
    expect((await ask('DELETE', `${BUILDS}/1`, { token: 'reader-token' })).status).toBe(404);
    expect((await ask('DELETE', `${BUILDS}/1`, { token: 'no-token' })).status).toBe(401);
  });
});
