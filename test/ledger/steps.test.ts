import { basename, dirname } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import { testClock } from './support/clock.ts';
import { hold, newFolder } from './support/open.ts';
import { after, ended, waiting } from './support/records.ts';
import { type Step, trappedDisk } from './support/traps.ts';

// The order of the calls is what a power cut leaves to go on with: content before name, name before answer, and what is
// older only goes when what is newer is safe.

const job = jobKeyText(waiting().key);

/** `call of folder/file`; what is random or counted is left out. */
function told({ call, path }: Step, folder: string): string {
  if (path.includes('/aside/')) return `${call} aside`;
  return `${call} ${path === folder ? '.' : dirname(path) === folder ? basename(path) : `${basename(dirname(path))}/${basename(path)}`}`;
}

describe('a write', () => {
  it('syncs the file, links it, syncs the folder, and only then is done; a revision goes when its end is safe', async () => {
    const folder = newFolder();
    const steps: string[] = [];
    const disk = trappedDisk({ after: (step) => void steps.push(told(step, folder)) });
    const { ledger, epoch } = await hold(folder, { disk });
    await ledger.list({});

    const placed = (file: string): string[] => [
      'create aside',
      'write aside',
      'sync aside',
      'close aside',
      `link ${file}`,
      'unlink aside',
      'syncFolder tasks',
    ];
    const one = waiting({ epoch });
    const two = after(one, { phase: 'starting' });
    steps.splice(0);
    await ledger.create(one);
    expect(steps.splice(0)).toEqual(placed(`tasks/${job}.1.1`));
    await ledger.swap(two);
    expect(steps.splice(0)).toEqual(placed(`tasks/${job}.1.2`));
    await ledger.swap(ended(two));
    expect(steps.splice(0)).toEqual([...placed(`tasks/${job}.1.3`), `rename tasks/${job}.1.2`, 'unlink aside']);
  });

  it('of the holder record is synced; a renewal is one more name of it, and stepping down too', async () => {
    const folder = newFolder();
    const steps: string[] = [];
    const disk = trappedDisk({ after: (step) => void steps.push(told(step, folder)) });
    const { ledger } = await hold(folder, { disk });
    const changes = steps.filter((step) => !/^(?:look|names|read) /.test(step));
    const from = changes.indexOf('link holder.1');
    expect(changes.slice(from - 8, from + 2)).toEqual([
      'create aside',
      'write aside',
      'sync aside',
      'close aside',
      'create aside',
      'write aside',
      'sync aside',
      'close aside',
      'link holder.1',
      'syncFolder .',
    ]);
    steps.splice(0);
    await ledger.stepDown();
    expect(steps[0]).toBe('link holder.2');
    expect(steps.filter((step) => step.startsWith('write'))).toEqual([]);
  });
});

describe('a removal', () => {
  it('of what ended long ago takes the end last, and not before the rest is gone for good', async () => {
    const folder = newFolder();
    const clock = testClock();
    const steps: string[] = [];
    const disk = trappedDisk({ after: (step) => void steps.push(told(step, folder)) });
    const { ledger, epoch } = await hold(folder, { clock, disk, timing: { poll: 5, sweep: 5 } });
    await ledger.create(waiting({ epoch }));
    await ledger.swap(ended(waiting({ epoch }), clock.now() - 8 * 24 * 3_600_000));
    await vi.waitFor(async () => expect(await ledger.list({})).toEqual([]), 10_000);
    const from = steps.indexOf(`rename tasks/${job}.1.1`);
    expect(steps.slice(from, from + 5)).toEqual([
      `rename tasks/${job}.1.1`,
      'unlink aside',
      'syncFolder tasks',
      `rename tasks/${job}.1.2`,
      'unlink aside',
    ]);
  });
});
