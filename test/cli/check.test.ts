import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { afterAll, describe, expect, test } from 'vitest';
import { checkCommand } from '../../src/cli/check.ts';
import { type Data, entry, file, repository } from '../policy/sample.ts';

const folder = mkdtempSync(join(tmpdir(), 'airlock-check-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'policy.yaml');

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function check(args: readonly string[]): Promise<Run> {
  let out = '';
  let err = '';
  const command = checkCommand()
    .exitOverride()
    .configureOutput({ writeOut: (text) => void (out += text), writeErr: (text) => void (err += text) });
  try {
    await command.parseAsync(args, { from: 'user' });
    return { code: 0, out, err };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { code: error.exitCode, out, err };
  }
}

function checkText(text: string): Promise<Run> {
  writeFileSync(path, text);
  return check([path]);
}
const checkFile = (data: Data): Promise<Run> => checkText(JSON.stringify(data));

describe('a policy that is right', () => {
  test('is ok, and said in plain words', async () => {
    const { code, out, err } = await checkFile(
      file({
        repositories: [
          repository({
            pipeline: { repository: 'octo/deploy', branch: 'main' },
            log: 'tail',
            allow: [
              entry({
                events: ['push', 'release'],
                refs: ['refs/heads/main', 'refs/tags/v*'],
                workflows: ['.github/workflows/deploy.yml'],
                calledWorkflows: ['octo/ci/.github/workflows/deploy.yml@refs/heads/main'],
                params: { ENVIRONMENT: { values: ['staging', ''] }, VERSION: { pattern: 'v\\d+', required: true } },
                expect: { steps: ['default/deploy'] },
                whenLost: 'cancel',
              }),
              entry({ task: 'drone promote', environment: 'production', targets: ['eu', 'us'] }),
            ],
          }),
        ],
      }),
    );
    expect(out).toBe(`${path}: ok

octo/widgets (id 123) on https://drone.internal
  the pipeline is that of octo/deploy, branch main; log: tail
  may drone build
    on       push or release at refs/heads/main or refs/tags/v*
    from     .github/workflows/deploy.yml
    inside   octo/ci/.github/workflows/deploy.yml@refs/heads/main
    with     ENVIRONMENT "staging" or "", VERSION matching v\\d+ (required)
    green if default/deploy succeeded
    if lost  the build is cancelled
  may drone promote
    on       push at refs/heads/main
    in       environment production
    to       eu or us
    of       push or custom builds at refs/heads/main, same commit
    with     no parameters

Nobody else may do anything.
`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test('says who writes the pipeline and whether the ref must be protected', async () => {
    const { out } = await checkFile(
      file({ repositories: [repository({ allow: [entry(), entry({ unprotected: true })] })] }),
    );
    expect(out).toContain("  the job's own commit writes the pipeline; log: status if public, else full\n");
    expect(out).toContain('    on       push at refs/heads/main, if GitHub protects it\n');
    expect(out).toContain('    on       push at refs/heads/main\n');
  });

  test('says whether a repository that is disabled in Drone is built', async () => {
    const accepted = await checkFile(file({ repositories: [repository({ disabled: 'accepted' })] }));
    expect(accepted.out).toContain('  built even if it is disabled in Drone\n');
    expect((await checkFile(file())).out).not.toContain('disabled');
  });

  test('warns of a file of literals that no task could be started with, and of no other', async () => {
    const redact = { file: join(folder, 'redact') };
    const data = file({ repositories: [repository({ redact })] });
    expect((await checkFile(data)).out).not.toContain('warning');
    writeFileSync(redact.file, 'secret-name\nx\n');
    const { code, out } = await checkFile(data);
    expect(out).toContain(
      `warning: repositories[0].redact: ${redact.file} holds fewer than 3 characters in line 2: nearly every line of a log would be replaced; correct it, or no task of octo/widgets is started\n`,
    );
    expect(code).toBe(0);
    writeFileSync(redact.file, 'secret-name\n');
    expect((await checkFile(data)).out).not.toContain('warning');
  });

  test('says so when a pipeline is pinned, a repository may do nothing, or nobody may', async () => {
    const pinned = repository({
      pipeline: { repository: 'octo/deploy', branch: 'main', commit: 'f'.repeat(40) },
      allow: [],
    });
    const { out } = await checkFile(file({ repositories: [pinned] }));
    expect(out).toContain(`the pipeline is that of octo/deploy, commit ${'f'.repeat(40)}`);
    expect(out).toContain('  may do nothing\n');
    expect((await checkFile(file({ repositories: [] }))).out).toBe(
      `${path}: ok\n\nNobody may do anything: no repository is listed.\n`,
    );
  });
});

describe('a policy that is wrong', () => {
  test('gets all its problems on standard error and exit code 1', async () => {
    const run = await checkText('version: 1\nimage: {}\nidentity: { audience: a, bindd: none }\ndrones: {}\n');
    expect(run).toEqual({
      code: 1,
      out: '',
      err: `${path}:2:8: image.run: is missing; add it
${path}:2:8: image.accept: is missing; name what workflows write as container:, as in [airlock]
${path}:3:26: identity.bindd: is not a key that is known here; did you mean bind?
`,
    });
  });

  test('that cannot be read is told in one line', async () => {
    const { code, out, err } = await check([join(folder, 'none.yaml')]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/none\.yaml: cannot be read: ENOENT[^\n]*\n$/);
  });

  test('that is not named is asked for', async () => {
    const { code, err } = await check([]);
    expect(code).toBe(1);
    expect(err).toContain("missing required argument 'file'");
  });
});
