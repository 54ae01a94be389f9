// Whose GitHub, for whom, and by what right.

/** An organisation's runners, or one repository's. */
export type GitHubScope = { readonly organization: string } | { readonly repository: string };

/** Both are files, read again for each use: a key that was rotated is used at once, and none is kept. */
export type GitHubCredentials =
  /** Id (or client id) of a GitHub App that is installed for the scope, and the file of its private key. */
  | { readonly app: string; readonly key: string }
  /** File of a fine-grained personal access token. */
  | { readonly token: string };

export interface GitHubSettings {
  /** `https://github.com`, or where a GitHub Enterprise is. */
  readonly url: string;
  readonly scope: GitHubScope;
  readonly credentials: GitHubCredentials;
  /** `http://host:port`, asked by CONNECT. */
  readonly proxy?: string | undefined;
  /** PEM file that is trusted in place of the built-in authorities. */
  readonly ca?: string | undefined;
}

/** Where the REST API of a GitHub is: three forms, by the product. */
export function apiOf(url: string): string {
  const { origin, host, hostname } = new URL(url);
  if (hostname === 'github.com') return 'https://api.github.com';
  // GitHub Enterprise Cloud with data residency.
  if (hostname.endsWith('.ghe.com')) return `https://api.${host}`;
  return `${origin}/api/v3`;
}

/** The part of a path that names the scope; both forms hold plain characters only (the configuration's schema). */
export const scopePath = (scope: GitHubScope): string =>
  'organization' in scope ? `/orgs/${scope.organization}` : `/repos/${scope.repository}`;
