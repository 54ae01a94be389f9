import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type HookInput, parseHookInput } from '../../src/protocol/index.ts';
import { bytes } from './support/refusal.ts';

const folder = new URL('../fixtures/contract/', import.meta.url);
interface Recording {
  readonly calls: readonly { readonly input: unknown }[];
}
const calls = readdirSync(folder).flatMap((file) => {
  const { calls } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Recording;
  return calls.map(({ input }, at) => ({ name: `${file}, call ${at + 1}`, input }));
});
const read = (value: unknown): HookInput => parseHookInput(bytes(JSON.stringify(value)));

describe("the hook's input", () => {
  it('has been recorded 62 times', () => {
    expect(calls).toHaveLength(62);
  });

  it.each(calls)('is accepted as the runner sent it: $name', ({ input }) => {
    const { args, ...rest } = read(input);
    expect({ ...rest, args }).toMatchObject(input as object);
  });

  it('has fields that the runner may leave out: they read as null, as an empty list and as an empty object', () => {
    expect(read({ command: 'run_script_step', responseFile: '/r', args: {} })).toEqual({
      command: 'run_script_step',
      responseFile: '/r',
      args: {
        entryPoint: null,
        entryPointArgs: [],
        environmentVariables: {},
        prependPath: [],
        workingDirectory: null,
      },
      state: null,
    });
    expect(read({ command: 'prepare_job', responseFile: '/r', args: {} })).toMatchObject({
      args: { container: null, services: [] },
    });
    expect(read({ command: 'cleanup_job', responseFile: '/r', args: null })).toMatchObject({ args: {} });
  });

  it('keeps environment variables of every name, and inherits none', () => {
    const names = ['constructor', 'prototype', 'toString', 'a b', '', 'ÄÖ', 'path', 'PATH', '0'];
    const environmentVariables = Object.fromEntries(names.map((name) => [name, `value of ${name}`]));
    const input = read({ command: 'run_script_step', responseFile: '/r', args: { environmentVariables } });
    const parsed = (input.args as { environmentVariables: Record<string, string> }).environmentVariables;
    expect({ ...parsed }).toEqual(environmentVariables);
    expect(Object.keys(parsed)).toHaveLength(names.length);
    expect(Object.getPrototypeOf(parsed)).toBeNull();
    expect(parsed['hasOwnProperty']).toBeUndefined();
  });

  it('hands out no list or object twice', () => {
    const empty = { command: 'run_script_step', responseFile: '/r', args: {} };
    const [one, two] = [read(empty), read(empty)] as { args: Record<string, object> }[];
    for (const name of ['entryPointArgs', 'environmentVariables']) expect(one?.args[name]).not.toBe(two?.args[name]);
  });
});
