// Why cells cannot run in Docker on this machine, in words that go on after "because".

export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
