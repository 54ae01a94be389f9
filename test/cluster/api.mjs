// One call to an API server, without any of the code under test. A connection for each: none goes stale when a test
// kills the server.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { stepLimit } from './run.mjs';

/**
 * @typedef {object} Access
 * @property {string} server  URL
 * @property {string} ca      PEM
 * @property {string} [cert]  PEM, with `key`
 * @property {string} [key]
 * @property {string} [token]
 *
 * @typedef {object} Asked
 * @property {unknown} [body]  sent as JSON
 * @property {string} [type]   content type, when it is another one than JSON's
 * @property {number} [limit]  milliseconds
 *
 * @typedef {object} Answered
 * @property {number} status
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {any} body  parsed JSON, or text that is none
 */

/** Reads a kubeconfig as `startCluster` writes it. @param {string} file @returns {Access} */
export function accessOf(file) {
  const { clusters, users } = JSON.parse(readFileSync(file, 'utf8'));
  const text = (/** @type {string} */ data) => Buffer.from(data, 'base64').toString();
  return {
    server: clusters[0].cluster.server,
    ca: text(clusters[0].cluster['certificate-authority-data']),
    cert: text(users[0].user['client-certificate-data']),
    key: text(users[0].user['client-key-data']),
  };
}

/**
 * @param {Access} access
 * @param {string} method
 * @param {string} path  with the query
 * @param {Asked} asked
 * @param {(answer: import('node:http').IncomingMessage) => void} hear
 * @param {(error: Error) => void} fail
 */
function open({ server, ca, cert, key, token }, method, path, { body, type, limit }, hear, fail) {
  const bytes = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(bytes === undefined ? {} : { 'content-type': type ?? 'application/json' }),
  };
  const secret = token === undefined ? { cert, key } : {};
  const call = request(new URL(path, server), { method, headers, ca, ...secret, agent: false });
  const timer = setTimeout(() => call.destroy(new Error(`${method} ${path}: no answer in time`)), limit ?? stepLimit);
  call.on('close', () => clearTimeout(timer));
  call.on('response', hear).on('error', fail).end(bytes);
  return call;
}

/**
 * Rejects only when there is no answer.
 * @param {Access} access
 * @param {string} method
 * @param {string} path
 * @param {Asked} [asked]
 * @returns {Promise<Answered>}
 */
export function ask(access, method, path, asked = {}) {
  return new Promise((done, fail) => {
    /** @param {import('node:http').IncomingMessage} answer */
    const hear = (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      answer.on('error', fail).on('end', () => {
        let parsed = text;
        try {
          parsed = JSON.parse(text);
        } catch {
          // Nothing, or a text.
        }
        done({ status: answer.statusCode ?? 0, headers: answer.headers, body: parsed });
      });
    };
    open(access, method, path, asked, hear, fail);
  });
}

/**
 * The events of a watch until it ends, whichever side ends it.
 * @param {Access} access
 * @param {string} path  with `watch=true`
 * @param {number} [limit]  milliseconds
 * @returns {AsyncGenerator<{ type: string, object: any }>}
 */
export async function* watch(access, path, limit = 10 * 60_000) {
  /** @type {import('node:http').IncomingMessage} */
  const answer = await new Promise((done, fail) => {
    open(access, 'GET', path, { limit }, done, fail);
  });
  if (answer.statusCode !== 200) throw new Error(`watch ${path}: ${answer.statusCode}`);
  let rest = '';
  for await (const part of answer.setEncoding('utf8')) {
    const lines = `${rest}${part}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
}
