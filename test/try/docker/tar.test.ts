import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type TarEntry, tar } from '../../../src/try/docker/tar.ts';
import { run } from '../../support/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'airlock-tar-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function archive(entries: readonly TarEntry[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of tar(entries)) parts.push(part);
  return Buffer.concat(parts);
}

describe('an archive', () => {
  it('is what tar reads: files of any size, folders, modes', async () => {
    const bytes = fc.uint8Array({ maxLength: 1_200 }).map((array) => Buffer.from(array));
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 4 }), async (contents) => {
        const to = mkdtempSync(join(folder, 'x-'));
        const entries = contents.map((content, at): TarEntry => {
          writeFileSync(join(to, `from-${at}`), content);
          return { name: `deep/er/${at}`, from: join(to, `from-${at}`), mode: 0o640 + at };
        });
        writeFileSync(join(to, 'tar'), await archive([{ name: 'empty/', mode: 0o1777 }, ...entries]));
        mkdirSync(join(to, 'out'));
        const { code, stderr } = await run('tar', ['-xpf', join(to, 'tar'), '-C', join(to, 'out')]);
        expect([code, stderr]).toEqual([0, '']);
        for (const [at, content] of contents.entries()) {
          const file = join(to, 'out/deep/er', String(at));
          expect(readFileSync(file)).toEqual(content);
          expect(statSync(file).mode & 0o7777).toBe(0o640 + at);
        }
        expect(statSync(join(to, 'out/empty')).mode & 0o7777).toBe(0o1777);
      }),
      { numRuns: 10 },
    );
  });

  it('is the same for the same files', async () => {
    const from = join(folder, 'same');
    writeFileSync(from, 'text');
    const entries = [{ name: 'a', from, mode: 0o755 }];
    expect(await archive(entries)).toEqual(await archive(entries));
  });

  it('refuses a name that it does not hold, and takes the longest that it does', async () => {
    const name = 'n'.repeat(100);
    expect((await archive([{ name, mode: 0o755 }])).subarray(0, 100).toString()).toBe(name);
    await expect(archive([{ name: `${name}n`, mode: 0o755 }])).rejects.toThrow('is too long for an archive');
  });
});
