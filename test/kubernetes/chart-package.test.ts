import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packChart } from '../../scripts/chart-package.mjs';
import { must } from '../cluster/run.mjs';
import { text } from '../support/tree.ts';

// `npm run chart`: what is released.

const scratch = mkdtempSync(join(tmpdir(), 'airlock-chart-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const folder = (name: string): string => join(scratch, name);
const script = "console.log('the managed script');\n";

it('holds the managed script beside everything that the chart is made of', async () => {
  const made = packChart(folder('chart'), script);
  expect(readFileSync(join(made.folder, 'files/cell.js'), 'utf8')).toBe(script);
  const listed = (await must(['tar', 'tzf', made.archive])).trim().split('\n');
  const expected = readdirSync(made.folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join('airlock', one.parentPath.slice(made.folder.length), one.name));
  expect(listed).toEqual(expected.sort());
  expect(await must(['tar', 'xzOf', made.archive, 'airlock/values.yaml'])).toBe(
    text('deploy/helm/airlock/values.yaml'),
  );
});

it('has the same bytes on every day, from whatever folder', () => {
  const [one, two] = [packChart(folder('one'), script), packChart(folder('two'), script)];
  const bytes = readFileSync(one.archive);
  expect(bytes.equals(readFileSync(two.archive))).toBe(true);
  expect(gunzipSync(bytes).length % 512).toBe(0);
  expect(readFileSync(packChart(folder('other'), `${script}//`).archive).equals(bytes)).toBe(false);
});

it('replaces what an earlier call left', () => {
  const to = folder('again');
  packChart(to, script);
  const again = packChart(to, 'another');
  expect(readFileSync(join(again.folder, 'files/cell.js'), 'utf8')).toBe('another');
  expect(readdirSync(to).sort()).toEqual(['airlock', 'airlock-0.1.0.tgz']);
});

it('has the version of the project', () => {
  const { version } = JSON.parse(text('package.json')) as { version: string };
  expect(parse(text('deploy/helm/airlock/Chart.yaml'))).toMatchObject({ version, appVersion: version });
});
