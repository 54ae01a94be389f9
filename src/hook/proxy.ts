// The proxy of the runner's own environment, for the one call that leaves for GitHub. A workflow cannot set it.

import { type RequestOptions, request } from 'node:http';
import { isIP } from 'node:net';
import { type Env, badSetting } from './settings.ts';

const either = (env: Env, name: string): string => env[name] || env[name.toUpperCase()] || '';
/** Without the brackets of an IPv6 address. */
const bare = (host: string): string => host.replace(/^\[|\]$/g, '');

/** `no_proxy`: names, with everything below them, with or without a port; `*`: all. */
const isExempt = (host: string, port: string, list: string): boolean =>
  list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      const [, name, only = port] = /^\*?\.?(.*?)(?::([0-9]+))?$/.exec(entry) ?? [];
      return entry === '*' || (name && only === port && `.${host}`.endsWith(`.${name}`));
    });

/**
 * How to connect to a server through the proxy (CONNECT), if there is one for it.
 * @throws {Failure} `hook-settings`; the proxy's credentials are never told @throws {Error} in words, or the system's
 */
export async function throughProxy(target: URL, env: Env, signal: AbortSignal): Promise<RequestOptions> {
  const host = bare(target.hostname);
  const port = target.port || '443';
  const text = either(env, 'https_proxy');
  if (text === '' || target.protocol === 'http:' || isExempt(host, port, either(env, 'no_proxy'))) return {};
  const whole = text.includes('://') ? text : `http://${text}`;
  if (!/^http:/i.test(whole) || !URL.canParse(whole)) badSetting('https_proxy', 'http://host:port');
  const proxy = new URL(whole);
  const path = `${target.hostname}:${port}`;
  const headers: Record<string, string> = { host: path };
  const login = [proxy.username, proxy.password].map(decodeURIComponent).join(':');
  if (login !== ':') headers['proxy-authorization'] = `Basic ${Buffer.from(login).toString('base64')}`;
  const where = { host: bare(proxy.hostname), port: proxy.port || 80, agent: false };
  const { connect } = process.getBuiltinModule('node:tls');
  return new Promise((resolve, reject) => {
    request({ method: 'CONNECT', ...where, path, headers, signal })
      .on('connect', ({ statusCode }, socket) => {
        if (statusCode !== 200) reject(new Error(`the proxy answered ${statusCode}`));
        resolve({ createConnection: () => connect({ socket, host, servername: isIP(host) === 0 ? host : '' }) });
      })
      .on('error', reject)
      .on('close', () => reject(new Error('the proxy gave no answer')))
      .end();
  });
}
