import { expect, test } from 'vitest';
import { schemaCommand } from '../../src/cli/schema.ts';
import { policyJsonSchema } from '../../src/policy/index.ts';

test('airlock schema prints the JSON Schema and nothing else', async () => {
  let out = '';
  const command = schemaCommand()
    .exitOverride()
    .configureOutput({ writeOut: (text) => void (out += text) });
  await command.parseAsync([], { from: 'user' });
  expect(JSON.parse(out)).toEqual(policyJsonSchema());
  expect(out.endsWith('}\n')).toBe(true);
});

test('its help says how an editor uses it', () => {
  expect(schemaCommand().helpInformation()).toContain('# yaml-language-server: $schema=policy.schema.json');
});
