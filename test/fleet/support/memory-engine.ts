// An engine in memory: containers by their names, which start, run and end as a test says.

import { type Engine, EngineError } from '../../../src/gate/index.ts';
import type { RunnerSpecification } from '../../../src/fleet/specification.ts';

export interface MemoryContainer {
  readonly name: string;
  readonly body: RunnerSpecification;
  running: boolean;
  exitCode: number;
}

export interface MemoryEngine extends Engine {
  readonly containers: Map<string, MemoryContainer>;
  /** Every container that was ever made. */
  readonly made: MemoryContainer[];
  /** What a call is answered in place of the truth. */
  trouble: (call: 'create' | 'start' | 'remove' | 'list', name: string) => Error | undefined;
  /** Another container than was asked for. */
  change: (asked: RunnerSpecification['HostConfig']) => object;
  /** Called once a container runs. */
  onStart: (container: MemoryContainer) => void;
  end(name: string, exitCode?: number): void;
}

const refused = (call: string, status: number): EngineError =>
  new EngineError({ trouble: 'refused', call, detail: 'no such container', status });

export function memoryEngine(): MemoryEngine {
  const containers = new Map<string, MemoryContainer>();
  const made: MemoryContainer[] = [];
  const of = (call: string, name: string): MemoryContainer => {
    const found = containers.get(name);
    if (found === undefined) throw refused(call, 404);
    return found;
  };
  function check(call: 'create' | 'start' | 'remove' | 'list', name = ''): void {
    const error = self.trouble(call, name);
    if (error !== undefined) throw error;
  }
  const labelsOf = (body: RunnerSpecification) => (name: string) =>
    (body.Labels as Record<string, string>)[name] ?? null;
  const unused = (): Promise<never> => Promise.reject(new Error('not played'));
  const self: MemoryEngine = {
    containers,
    made,
    trouble: () => undefined,
    change: (asked) => asked,
    onStart: () => undefined,
    end(name, exitCode = 0) {
      Object.assign(of('end', name), { running: false, exitCode });
    },
    hello: unused,
    info: unused,
    image: unused,
    network: unused,
    versioned: unused,
    async create(name, body) {
      check('create', name);
      if (containers.has(name)) throw refused('create', 409);
      const container = { name, body: body as RunnerSpecification, running: false, exitCode: 0 };
      containers.set(name, container);
      made.push(container);
      return { Id: 'f'.repeat(64), Warnings: null };
    },
    async inspect(name) {
      const { body, running, exitCode } = of('inspect', name);
      const [mount] = body.HostConfig.Mounts;
      return {
        Id: 'f'.repeat(64),
        State: { Status: '', Running: running, OOMKilled: false, ExitCode: exitCode, Error: '' },
        Config: { Image: body.Image, User: body.User, Labels: labelsOf(body) },
        HostConfig: self.change(body.HostConfig) as Record<string, unknown>,
        Mounts: [{ Type: 'bind', Source: mount?.Source, Destination: mount?.Target, RW: false }],
      };
    },
    async start(name) {
      check('start', name);
      const container = of('start', name);
      container.running = true;
      self.onStart(container);
    },
    async remove(name) {
      check('remove', name);
      of('remove', name);
      containers.delete(name);
    },
    async list() {
      check('list');
      return [...containers.values()].map(({ body, running }) => ({
        Id: 'f'.repeat(64),
        State: running ? 'running' : 'exited',
        Labels: labelsOf(body),
      }));
    },
  };
  return self;
}
