import { expect, vi } from 'vitest';
import { engineCall, type TestEngine } from './support.ts';

/** A container on a network that listens on port 8080; answers its address. */
export async function neighbour(
  engine: TestEngine,
  network: string,
): Promise<{ host: string; end(): Promise<unknown> }> {
  const { socket, image } = engine;
  const Cmd = ['node', '-e', "require('node:net').createServer((c) => c.end()).listen(8080, () => console.log('up'))"];
  const made = await engineCall(socket, 'POST', '/containers/create', {
    Image: image,
    Cmd,
    HostConfig: { NetworkMode: network },
  });
  const path = `/containers/${made.body.Id}`;
  await engineCall(socket, 'POST', `${path}/start`);
  const says = async () => String((await engineCall(socket, 'GET', `${path}/logs?stdout=1`)).body);
  await vi.waitFor(async () => expect(await says()).toContain('up'), { timeout: 20_000 });
  const { body } = await engineCall(socket, 'GET', `${path}/json`);
  return {
    host: String(body.NetworkSettings.Networks[network].IPAddress),
    end: () => engineCall(socket, 'DELETE', `${path}?force=1`),
  };
}
