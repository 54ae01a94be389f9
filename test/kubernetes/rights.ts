import type { Place } from './helm.ts';

// Every right that there is in an installation, as golden lists.

/** What every account may do: look at itself, and read which authorities the cluster publishes. */
export const ofEverybody = [
  ...['get', 'list', 'watch'].map((verb) => `${verb} clustertrustbundles.certificates.k8s.io in the cluster`),
  'create selfsubjectreviews.authentication.k8s.io in the cluster',
  'create selfsubjectaccessreviews.authorization.k8s.io in the cluster',
  'create selfsubjectrulesreviews.authorization.k8s.io in the cluster',
];
const each = (allowed: readonly string[], what: string, namespace: string): string[] =>
  allowed.map((verb) => `${verb} ${what} in ${namespace}`);
/** Of objects of any name. */
export const ofTheGate = ({ cells, runners }: Place): readonly string[] => [
  ...ofEverybody,
  ...each(['get', 'list', 'watch', 'create', 'delete'], 'pods', cells),
  ...each(['get', 'create'], 'pods/attach', cells),
  ...each(['get', 'list', 'create', 'update', 'delete'], 'configmaps', cells),
  ...each(['create'], 'leases.coordination.k8s.io', cells),
  ...each(['get'], 'pods', runners),
  ...each(['create'], 'tokenreviews.authentication.k8s.io', 'the cluster'),
];

/** Lines of `kubectl auth can-i --list`. */
export const everybodysGolden = [
  'Resources Non-Resource URLs Resource Names Verbs',
  'clustertrustbundles.certificates.k8s.io [] [] [get list watch]',
  'selfsubjectreviews.authentication.k8s.io [] [] [create]',
  'selfsubjectaccessreviews.authorization.k8s.io [] [] [create]',
  'selfsubjectrulesreviews.authorization.k8s.io [] [] [create]',
  ...[
    '/.well-known/openid-configuration/',
    '/.well-known/openid-configuration',
    '/api/*',
    '/api',
    '/apis/*',
    '/apis',
  ].map((url) => `[${url}] [] [get]`),
  ...['/healthz', '/healthz', '/livez', '/livez', '/openapi/*', '/openapi', '/openid/v1/jwks/', '/openid/v1/jwks'].map(
    (url) => `[${url}] [] [get]`,
  ),
  ...['/readyz', '/readyz', '/version/', '/version/', '/version', '/version'].map((url) => `[${url}] [] [get]`),
];

/** The same of the gate, in each of its namespaces. */
export const gatesGolden = ({ release }: Place) => {
  const everywhere = [...everybodysGolden, 'tokenreviews.authentication.k8s.io [] [] [create]'];
  return {
    everywhere,
    runners: [...everywhere, 'pods [] [] [get]'],
    cells: [
      ...everywhere,
      `configmaps [] [] [create get list update delete]`,
      `leases.coordination.k8s.io [] [] [create]`,
      `leases.coordination.k8s.io [] [${release}-gate] [get update]`,
      `pods [] [] [create get list watch delete]`,
      `pods/attach [] [] [create get]`,
      `podtemplates [] [${release}-cell] [get]`,
    ],
  };
};
