import { beforeAll, describe, expect, it } from 'vitest';
import { node24 } from '../support/node24.ts';
import { run } from '../support/run.ts';
import { root } from '../support/tree.ts';

describe('Node 24 for the tests', () => {
  let binary = '';
  beforeAll(async () => {
    binary = await node24();
  }, 300_000);

  it('is a Node 24 of its own, outside the tree', async () => {
    const { code, stdout } = await run(binary, ['-p', 'process.versions.node']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^24\./);
    expect(binary.startsWith(`${root}/`)).toBe(false);
  });

  it('is installed once', async () => {
    expect(await node24()).toBe(binary);
  });
});
