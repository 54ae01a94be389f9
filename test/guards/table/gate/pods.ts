import { type Guard, guardsOf } from '../../guard.ts';

// Who calls, where runners are pods: the token's audience, its pod, the caller's address, and the controller's word.

const identity = guardsOf(
  'gate',
  'src/gate/identity/pod.ts',
  ['test/kubernetes/identity.test.ts'],
  [
    {
      rule: "a runner's token was made for this gate",
      code: 'runner-not-known',
      find: 'if (!authenticated || !audiences.includes(audience))',
      replace: 'if (!authenticated)',
    },
    {
      rule: "a runner's token is believed by the API server",
      code: 'runner-not-known',
      find: 'if (!authenticated || !audiences.includes(audience))',
      replace: 'if (audiences.length > 0 && !audiences.includes(audience))',
    },
    {
      rule: "a runner's token is of a service account that runners have",
      code: 'runner-not-known',
      find: "if (!accounts.has(user.username ?? ''))",
      replace: "if (user.username === '')",
    },
    {
      rule: "a runner's token is bound to a pod",
      code: 'runner-not-known',
      find: "if (pod === undefined || uid === undefined) throw notKnown('the token is bound to no pod');",
      replace: "if (pod === undefined || uid === undefined) return { namespace: 'runners', pod: 'r1', uid: 'x' };",
    },
    {
      rule: "a runner's pod is the one that the token is bound to",
      code: 'runner-not-known',
      find: 'if (metadata.uid !== uid)',
      replace: "if (metadata.uid === '')",
    },
    {
      rule: 'the token of a pod that has ended is worth nothing',
      code: 'runner-not-known',
      find: "if (status.phase === 'Succeeded' || status.phase === 'Failed')",
      replace: "if (status.phase === 'x')",
    },
    {
      rule: 'a token works from no other pod',
      code: 'runner-not-known',
      find: 'if (!own.includes(plainAddress(address)))',
      replace: 'if (own.length === 0)',
    },
    {
      rule: 'what was learned of a token and an address counts for no other address',
      find: 'update(`${address}\\n${token}`)',
      replace: 'update(token)',
    },
    {
      rule: 'one address cannot make the gate ask without end',
      find: "if (before >= maxAsking && compare === 'check')",
      replace: 'if (before >= 1e9)',
    },
    {
      rule: 'a claim of a token that comes twice is no answer',
      find: 'v.strictTuple([v.string()])',
      replace: 'v.tuple([v.string()])',
    },
  ],
);

const arc = guardsOf(
  'gate',
  'src/gate/identity/arc.ts',
  ['test/kubernetes/identity.test.ts'],
  [
    {
      rule: 'the controller names the run of the token',
      code: 'job-not-on-runner',
      find: 'String(workflowRunId) === claims.runId &&',
      replace: '',
    },
    {
      rule: 'the controller names the repository of the token',
      code: 'job-not-on-runner',
      find: '&&\n            jobRepositoryName.toLowerCase() === claims.repository.toLowerCase()',
      replace: '',
    },
    {
      rule: "a runner's pod was made for an EphemeralRunner",
      code: 'job-not-on-runner',
      find: "kind === 'EphemeralRunner' && apiVersion.startsWith(`${group}/`)",
      replace: "kind === 'EphemeralRunner' && apiVersion !== ''",
    },
    {
      rule: 'an EphemeralRunner of the same name is another one',
      code: 'job-not-on-runner',
      find: 'if (its.uid !== owner.uid)',
      replace: "if (its.uid === '')",
    },
    {
      rule: 'a pod of the same name is another runner',
      code: 'job-not-on-runner',
      find: 'if (metadata.uid !== pod.uid)',
      replace: "if (metadata.uid === '')",
    },
    {
      rule: 'the name of an owner is no path',
      code: 'job-not-on-runner',
      find: 'if (!plainName.test(version) || !plainName.test(owner.name))',
      replace: 'if (!plainName.test(version))',
    },
  ],
);

const listener = guardsOf(
  'gate',
  'src/gate/server/https.ts',
  ['test/kubernetes/https.test.ts'],
  [
    {
      rule: 'one address has its share of connections',
      find: 'if (count > perAddress) socket.destroy();',
      replace: '',
    },
    {
      rule: 'a certificate without its key is not taken',
      find: 'if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(secret)))',
      replace: "if (cert === '')",
    },
    {
      rule: 'a call is handled only for a runner that is known',
      code: 'runner-not-known',
      find: 'await gate.handle(await identity.identify(caller), call)',
      replace: "await gate.handle(await identity.identify(caller).catch(() => ({ id: 'x', ephemeral: true })), call)",
    },
  ],
);

const api = guardsOf(
  'gate',
  'src/gate/kubernetes/request.ts',
  ['test/kubernetes/client.test.ts'],
  [
    {
      rule: 'the API server is one of the authority that the gate was given',
      find: 'rejectUnauthorized: true,',
      replace: 'rejectUnauthorized: false,',
    },
    {
      rule: 'a body that removes is read',
      find: "{ 'content-type': 'application/json', 'content-length': length }",
      replace: "{ 'content-type': 'application/json' }",
    },
    {
      rule: 'an answer that is no JSON is not repeated',
      find: '`its answer of ${text.length} characters is no JSON`',
      replace: '`its answer ${text} is no JSON`',
    },
  ],
);

export const guards: readonly Guard[] = [...identity, ...arc, ...listener, ...api];
