// The hook is one file of at most 64 kB, unminified: what the protocol adds to it is held here.

import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/tree.ts';

describe("the protocol in the hook's bundle", () => {
  let bytes: ReadonlyMap<string, number>;
  let text: string;
  beforeAll(async () => {
    const { metafile, outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: ['src/hook/main.ts'],
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      write: false,
      outfile: 'hook.js',
      metafile: true,
      logLevel: 'silent',
    });
    text = outputFiles[0]?.text ?? '';
    const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
    bytes = new Map(inputs.map(([path, { bytesInOutput }]) => [path, bytesInOutput]));
  });

  it('weighs at most 15,000 bytes, and brings no package', () => {
    const protocol = [...bytes].filter(([path]) => path.startsWith('src/protocol/'));
    expect(protocol.length).toBeGreaterThan(5);
    expect(protocol.reduce((sum, [, size]) => sum + size, 0)).toBeLessThanOrEqual(15_000);
    expect([...bytes.keys()].filter((path) => !path.startsWith('src/'))).toEqual([]);
  });

  it('leaves out the order and the requests that the gate alone reads', () => {
    expect([...bytes].filter(([path, size]) => /order|event-parser|answer\.ts$/.test(path) && size > 0)).toEqual([]);
    expect(text).not.toMatch(/AIRLOCK_NONCE|redact|the task request|the session request/);
  });
});
