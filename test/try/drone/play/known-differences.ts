// Where the simulated Drone is not like the recorded one, and why that is accepted. Everything else is a failure.

import type { Finding } from './report.ts';

export interface KnownDifference {
  /** Only in the recording of this name; absent: in any. */
  recording?: string;
  /** The request as a finding names it, without its count. */
  request: RegExp;
  /** What may differ; anything else of the same request may not. */
  differs: RegExp;
  because: string;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    request: /^POST \/api\/users as /,
    differs: /./,
    because: 'Users are given when the server starts; none is made later.',
  },
  {
    request: /^(POST|DELETE) \/api\/repos\/[^/]+\/[^/]+\/secrets/,
    differs: /./,
    because: 'Nothing runs, so nothing needs secrets.',
  },
  {
    recording: '22-trigger-scm-down',
    request: /^GET \/api\/repos\/octo\/hello as bot/,
    differs: /./,
    because: 'There is no SCM behind it, so permission rows are never refreshed and cannot fail to be.',
  },
  {
    recording: '41-log-flood-200k',
    request: /^GET \/api\/stream\/octo\/hello\/35\/1\/1 /,
    differs: /^frames/,
    because:
      'The runner sends once a second and had 5 MB by then; the simulated one sends ten times in a step, so more lines come before it falls silent.',
  },
  {
    recording: '67-tls',
    request: /^GET \/api\/user as bot/,
    differs: /^answer: recorded (UNABLE_TO_VERIFY_LEAF_SIGNATURE|ERR_TLS_CERT_ALTNAME_INVALID)/,
    because:
      'The client decides whom it trusts; plain HTTP is played here. Certificates are the subject of server.test.ts.',
  },
];

/** The entry that accepts all that differs; undefined: there is none. */
export function accepted(recording: string, { request, differences }: Finding): KnownDifference | undefined {
  return KNOWN_DIFFERENCES.find(
    (known) =>
      (known.recording === undefined || known.recording === recording) &&
      known.request.test(request) &&
      differences.every((difference) => known.differs.test(difference)),
  );
}
