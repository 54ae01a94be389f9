// Where the simulated Drone is not like the recorded one, and why that is accepted. Everything else is a failure.

import type { Finding } from './report.ts';

export interface KnownDifference {
  /** The request as a finding names it, without its count. */
  request: RegExp;
  /** What may differ; anything else of the same request may not. */
  differs: RegExp;
  because: string;
}

// Rules that hold for any recording; none goes by a recording's name.
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    request: /^POST \/api\/users as /,
    differs: /./,
    because: 'Users are given when the server starts; none is made later.',
  },
  {
    request: /^\w+ \/api\/(repos\/[^/]+\/[^/]+\/)?secrets\b/,
    differs: /./,
    because: 'Nothing runs, so nothing needs secrets.',
  },
  {
    request: /^/,
    differs: /^answer: recorded (UNABLE_TO_|ERR_TLS_|CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)/,
    because:
      'The client decides whom it trusts; plain HTTP is played here. Certificates are the subject of server.test.ts.',
  },
];

/** The entry that accepts all that differs; undefined: there is none. */
export function accepted({ request, differences }: Finding): KnownDifference | undefined {
  return KNOWN_DIFFERENCES.find(
    (known) => known.request.test(request) && differences.every((difference) => known.differs.test(difference)),
  );
}
