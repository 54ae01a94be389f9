import { describe, expect, it } from 'vitest';
import { refusal, resultOf, session } from '../fakes/gate.ts';
import { tokenNumber } from '../fakes/id-token.ts';
import { annotationOf } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();
const noToken = { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined };
const asserted = () => {
  here.gate.script.answer = ({ name }) =>
    name === 'POST sessions' ? { body: { session, identity: 'asserted', reconnect: 10, silent: 30 } } : undefined;
};

describe('preparing a job', () => {
  it('opens a session, rehearses its proof, and says in one line what may run', async () => {
    const called = await here.job.call(here.job.prepare());
    expect(called.code).toBe(0);
    expect(here.gate.names()).toEqual(['POST sessions', 'POST challenge', 'POST rehearsal']);
    expect(here.gate.calls[2]).toMatchObject({
      path: `/v1/sessions/${session}/rehearsal`,
      body: { token: tokenNumber(1) },
    });
    expect(called.output).toBe(
      'airlock: session open; log level full; steps may run: drone build, drone promote, drone rollback\n',
    );
  });

  it('asks GitHub for a token with the challenge as its audience, and shows neither it nor its key', async () => {
    const { output } = await here.job.call(here.job.prepare());
    expect(here.issuer.requests).toHaveLength(1);
    expect(here.issuer.requests[0]?.url).toBe('/idtoken?api-version=2.0&audience=https%3A%2F%2Fairlock.example%2Fc1');
    expect(here.issuer.requests[0]?.headers.authorization).toBe('Bearer ghs_id_token_request_token');
    expect(output).not.toContain('ghs_');
    expect(output).not.toContain(tokenNumber(1));
  });

  it('is refused without `permissions: id-token: write`, with the lines to add; the session is closed again', async () => {
    for (const name of Object.keys(noToken)) {
      const called = await here.job.call(here.job.prepare(), {
        env: { [name]: name.endsWith('URL') ? undefined : '' },
      });
      expect(annotationOf(called)).toEqual([
        'id-token-missing',
        'the job may not ask GitHub for an id token, its proof. Rule: permissions. To fix: add to the job:\n' +
          'permissions:\n  id-token: write\n(a pull request from a fork never gets it).',
      ]);
      expect(called.response).toBe('');
    }
    expect(here.gate.names()).toEqual(['POST sessions', 'DELETE session', 'POST sessions', 'DELETE session']);
  });

  it('gives the runner’s word instead where the gate believes it', async () => {
    asserted();
    expect((await here.job.call(here.job.prepare(), { env: noToken })).code).toBe(0);
    expect(here.gate.calls[2]?.body).toEqual({
      claims: {
        repository: 'octo/widgets',
        repository_id: '1',
        ref: 'refs/heads/main',
        ref_protected: 'false',
        sha: 'a'.repeat(40),
        event_name: 'push',
        actor: 'octocat',
        run_id: '1001',
        run_attempt: '1',
        workflow_ref: 'octo/widgets/.github/workflows/wf.yml@refs/heads/main',
      },
    });
  });

  it.each([
    ['where no id token could be had', noToken],
    ['where one could be had, which is not asked for', {}],
  ])('gives it in each step too, %s', async (_, env) => {
    asserted();
    const { response } = await here.job.call(here.job.prepare(), { env });
    const { state } = JSON.parse(response ?? '') as { state: unknown };
    here.gate.script = { events: (stream) => stream.send({ k: 'turn' }, resultOf(1)) };
    expect((await here.job.call({ ...here.job.step(), state }, { env })).code).toBe(0);
    for (const name of ['POST rehearsal', 'POST tasks', 'POST proof']) {
      const body = here.gate.calls.find((call) => call.name === name)?.body;
      expect(body).toMatchObject({ claims: { run_id: '1001', sha: 'a'.repeat(40) } });
      expect(body).not.toHaveProperty('token');
    }
    expect(here.issuer.requests).toEqual([]);
  });

  it.each([
    ['POST sessions', 'image-not-accepted', 0],
    ['POST challenge', 'runner-bound', 1],
    ['POST rehearsal', 'repository-not-listed', 1],
  ])('is refused when the gate refuses %s, and leaves no session behind', async (name, code, closed) => {
    here.gate.script.answer = (call) => (call.name === name ? refusal(code) : undefined);
    const called = await here.job.call(here.job.prepare());
    expect(annotationOf(called)).toEqual([code, `no: ${code}. Rule: a rule. To fix: do otherwise.`]);
    expect(called.response).toBe('');
    expect(here.gate.names().filter((call) => call === 'DELETE session')).toHaveLength(closed);
    // A refusal is not asked about twice.
    expect(here.gate.names().filter((call) => call === name)).toHaveLength(1);
  });

  it('rehearses again with a new token when the challenge is stale', async () => {
    here.gate.script.answer = ({ name, before }) =>
      name === 'POST rehearsal' && before < 2 ? refusal('challenge-stale') : undefined;
    expect((await here.job.call(here.job.prepare())).code).toBe(0);
    expect(here.issuer.requests).toHaveLength(3);
  });

  it('fails when no gate answers', async () => {
    await here.gate.stop();
    const called = await here.job.call(here.job.prepare(), { limits: { reconnect: 30 } });
    expect(annotationOf(called)).toEqual([
      'gate-unreachable',
      'no gate answered for 0 s: the gate cannot be reached (ENOENT).',
    ]);
  });

  it('waits for a gate as long as the answer to its session says, from there on', async () => {
    here.gate.script.answer = ({ name, before }) => {
      if (name === 'POST sessions') return { body: { session, identity: 'github', reconnect: 0.05, silent: 30 } };
      return name === 'POST challenge' && before < 1000 ? 'reset' : undefined;
    };
    const [code, text] = annotationOf(await here.job.call(here.job.prepare()));
    expect([code, text]).toEqual(['gate-unreachable', expect.stringContaining('no gate answered for 0 s')]);
  });

  it('fails without settings', async () => {
    const called = await here.job.call(here.job.prepare(), { env: { AIRLOCK_GATE: undefined } });
    expect(annotationOf(called)).toEqual([
      'hook-settings',
      "AIRLOCK_GATE in the runner's own environment must be unix:/path or https://host:port.",
    ]);
  });
});

describe('cleaning up', () => {
  it('closes the session', async () => {
    const called = await here.job.call(here.job.cleanup());
    expect([called.code, called.output]).toEqual([0, '']);
    expect(here.gate.calls).toMatchObject([{ name: 'DELETE session', path: `/v1/sessions/${session}`, body: {} }]);
  });

  it.each([null, undefined, {}, { v: 1, session: '../x' }])('does nothing without a session: %j', async (state) => {
    expect((await here.job.call({ ...here.job.cleanup(), state })).code).toBe(0);
    expect(here.gate.calls).toEqual([]);
  });

  it('never changes the colour of a job: one line, exit code 0', async () => {
    here.gate.script.answer = () => refusal('session-unknown');
    const refused = await here.job.call(here.job.cleanup());
    await here.gate.stop();
    const gone = await here.job.call(here.job.cleanup());
    expect([refused.code, gone.code]).toEqual([0, 0]);
    expect(refused.output).toBe('airlock: session not closed (session-unknown); the gate closes it by itself\n');
    expect(gone.lines).toContain('airlock: session not closed (gate-unreachable); the gate closes it by itself');
    expect(gone.commands).toEqual([]);
  });
});
