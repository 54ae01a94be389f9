// A GitHub on loopback and a client of it, with its files in a folder of the test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GitHub, createGitHub } from '../../../src/fleet/github/client.ts';
import type { GitHubScope, GitHubSettings } from '../../../src/fleet/github/settings.ts';
import { type FakeGitHub, startGitHub } from '../../fakes/github-api.ts';

export interface GitHubBench {
  readonly fake: FakeGitHub;
  readonly folder: string;
  /** With the App's key, for the organisation. */
  readonly settings: GitHubSettings;
  client(change?: Partial<GitHubSettings>, timeout?: number): GitHub;
  readonly at: (name: string) => string;
  end(): Promise<void>;
}

export async function startGitHubBench(scope: GitHubScope = { organization: 'octo' }): Promise<GitHubBench> {
  const fake = await startGitHub();
  const folder = mkdtempSync(join(tmpdir(), 'airlock-fleet-'));
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('ca.pem'), fake.ca);
  writeFileSync(at('app.pem'), fake.key, { mode: 0o600 });
  writeFileSync(at('token'), `${fake.token}\n`, { mode: 0o600 });
  const settings: GitHubSettings = {
    url: fake.url,
    scope,
    credentials: { app: fake.app, key: at('app.pem') },
    ca: at('ca.pem'),
  };
  return {
    fake,
    folder,
    settings,
    at,
    client: (change = {}, timeout = 20_000) =>
      createGitHub({ ...settings, ...change }, timeout, { now: () => Date.now() }),
    async end() {
      await fake.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
