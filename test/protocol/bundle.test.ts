// The hook is one file of at most 64 kB, unminified: what the protocol adds to it is held here.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const index = fileURLToPath(new URL('../../src/protocol/index.ts', import.meta.url));
const used = [
  'Failure',
  'Refusal',
  'errorOf',
  'parseChallengeAnswer',
  'parseEvent',
  'parseHookInput',
  'parseHookState',
  'parseRehearsalAnswer',
  'parseSessionAnswer',
  'parseStrictJson',
  'parseTaskAnswer',
  'prepareJobResponse',
  'protocolVersion',
  'quote',
  'taskNames',
];

async function bundled(names: readonly string[]): Promise<string> {
  const list = names.join(', ');
  const { outputFiles } = await build({
    stdin: { contents: `import { ${list} } from ${JSON.stringify(index)}; console.log(${list});`, resolveDir: '.' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

describe("the protocol in the hook's bundle", () => {
  it('weighs at most 31,100 bytes with valibot, and leaves the order, the requests and their parsers out', async () => {
    const text = await bundled(used);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(31_100);
    expect(text).not.toMatch(/AIRLOCK_NONCE|redact|nonce|droneToken|the task request|the session request/);
    const other = await bundled(['parseOrder', 'parseTaskRequest']);
    for (const word of ['AIRLOCK_NONCE', 'the task request']) expect(other.includes(word)).toBe(true);
  });
});
