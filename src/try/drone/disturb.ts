// A proxy, a network or a server in trouble, in place of Drone's answer.

import type { ServerResponse } from 'node:http';
import type { Disturbance } from './options.ts';

/** Whether the request goes on to Drone afterwards. */
export async function disturbed(
  res: ServerResponse,
  how: Disturbance,
  scaled: (ms: number) => number,
): Promise<boolean> {
  if (how === 'hang') return false;
  if (how === 'hang-up') {
    res.destroy();
    return false;
  }
  if ('delayMs' in how) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, scaled(how.delayMs));
      res.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    return !res.destroyed;
  }
  const { status, body = '', contentType = 'text/plain', headers = {} } = how;
  res.writeHead(status, { 'Content-Type': contentType, ...headers });
  res.end(body);
  return false;
}
