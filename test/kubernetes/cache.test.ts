import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cached, cachedPath, type Recipe } from '../cluster/cache.mjs';

// What takes minutes to build is built once, and never half.

describe('a cached file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'airlock-cache-'));
    vi.stubEnv('AIRLOCK_CACHE', folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const recipe = (more: Partial<Recipe> = {}): Recipe => ({
    name: 'thing',
    inputs: ['one'],
    script: 'echo made >>"$2"; sleep 0.2; echo "$2" >"$1"',
    args: [join(folder, 'times')],
    ...more,
  });
  const times = (): number => readFileSync(join(folder, 'times'), 'utf8').split('\n').length - 1;

  it('is made once, also when two want it at the same time', async () => {
    const [first, second] = await Promise.all([cached(recipe()), cached(recipe())]);
    expect(first).toBe(second);
    expect(first).toBe(cachedPath(recipe()));
    expect(await cached(recipe())).toBe(first);
    expect(readFileSync(first, 'utf8')).toBe(`${folder}/times\n`);
    expect(times()).toBe(1);
  });

  it('is another one when an input or the script is, but not when a place is', () => {
    const path = cachedPath(recipe());
    expect(cachedPath(recipe({ inputs: ['two'] }))).not.toBe(path);
    expect(cachedPath(recipe({ inputs: ['on', 'e'] }))).not.toBe(path);
    expect(cachedPath(recipe({ script: 'true' }))).not.toBe(path);
    expect(cachedPath(recipe({ args: ['elsewhere'] }))).toBe(path);
  });

  it('is not there when its script fails, which says why, and is made by the next call', async () => {
    const script = 'echo half >"$1"; echo this is why >&2; test -e "$2"';
    const broken = recipe({ script, args: [join(folder, 'absent')] });
    await expect(cached(broken)).rejects.toThrow('thing could not be made:\nthis is why\n');
    expect(() => statSync(cachedPath(broken))).toThrow('ENOENT');
    expect(readFileSync(await cached(recipe({ script, args: [folder] })), 'utf8')).toBe('half\n');
  });

  it('that takes too long is given up, with everything that was started for it', async () => {
    const script = 'test -e "$2" || { touch "$2"; sleep 60 & wait; }; echo made >"$1"';
    const slow = recipe({ script, args: [join(folder, 'again')] });
    await expect(cached({ ...slow, limit: 1_000 })).rejects.toThrow('thing was not made within 1 s');
    // It would wait for the lock for a minute if anything still held it.
    expect(readFileSync(await cached({ ...slow, limit: 25_000 }), 'utf8')).toBe('made\n');
  });
});
