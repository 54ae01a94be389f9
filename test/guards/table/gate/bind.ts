import { type Guard, guardsOf } from '../../guard.ts';

// identity.bind: the job of a token runs on the runner that sent it.

const bindTest = 'test/gate/bind.test.ts';

const bind = guardsOf(
  'gate',
  'src/gate/identity/bind.ts',
  [bindTest],
  [
    {
      rule: 'a yes counts for one job on one runner only',
      find: 'JSON.stringify([jobKeyText(jobKeyOf(claims, runner)), runner.id])',
      replace: 'JSON.stringify([jobKeyText(jobKeyOf(claims, runner))])',
    },
    {
      rule: 'an answer that comes too late is a no',
      code: 'job-check-failed',
      find: 'throw new Error(`no answer within ${limit} ms`);',
      replace: '',
    },
  ],
);

const proof = guardsOf(
  'gate',
  'src/gate/identity/prover.ts',
  [bindTest],
  [{ rule: 'each proof is bound', find: 'await bind?.(proved, runner);', replace: '' }],
);

const live = guardsOf(
  'gate',
  'src/gate/live-policy.ts',
  ['test/gate/reload.test.ts'],
  [
    {
      rule: 'a running gate takes on no other identity of those who ask',
      find: "...(differs(before.identity, after.identity) ? ['identity'] : []),",
      replace: '',
    },
    {
      rule: 'a running gate takes on no other image of its cells',
      find: "...(before.image.run === after.image.run ? [] : ['image.run']),",
      replace: '',
    },
  ],
);

export const guards: readonly Guard[] = [...bind, ...proof, ...live];
