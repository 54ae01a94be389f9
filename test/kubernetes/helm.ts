import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../scripts/bundle.mjs';
import { packChart } from '../../scripts/chart-package.mjs';
import type { Cluster } from '../cluster/cluster.mjs';
import { type Outcome, run } from '../cluster/run.mjs';

// The chart in the hands of a test: packed as it is released, with the managed script of these sources, and given to a
// real helm.

/** Of no image: pods with it never start, which tests of rights and admission do not need. */
export const noImage = `airlock.test/none@sha256:${'0'.repeat(64)}`;

export type Values = Readonly<Record<string, unknown>>;

/** One installation with names of its own. */
export interface Place {
  readonly release: string;
  readonly gate: string;
  readonly cells: string;
  readonly runners: string;
}

export function newPlace(): Place {
  const id = randomBytes(3).toString('hex');
  return { release: `air${id}`, gate: `gate-${id}`, cells: `cells-${id}`, runners: `runners-${id}` };
}

const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);

/** As helm does with several files of values: maps are joined, everything else is replaced. */
export function merged(one: Values, other: Values): Values {
  const joined: Record<string, unknown> = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const before = joined[key];
    joined[key] = isMap(before) && isMap(value) ? merged(before, value) : value;
  }
  return joined;
}

/** The least that an operator says. */
export function leastValues(place: Place, cluster?: Cluster): Values {
  const api = cluster?.nodeAddress ?? '192.0.2.5';
  return {
    image: { ref: noImage, pullPolicy: 'Never' },
    policy: { text: readFileSync('examples/policy.yaml', 'utf8') },
    cells: { namespace: place.cells, image: noImage, imagePullPolicy: 'Never' },
    runners: { namespace: place.runners },
    networkPolicies: {
      drone: [{ cidr: '192.0.2.1/32', ports: [443] }],
      apiServer: [{ cidr: `${api}/32`, ports: [6443] }],
    },
  };
}

export class Helm {
  readonly #cluster: Cluster;
  readonly #folder = mkdtempSync(join(tmpdir(), 'airlock-helm-'));
  #packed: Promise<string> | undefined;
  #files = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Path of the archive. */
  chart(): Promise<string> {
    this.#packed ??= (async () => {
      const [made] = await bundle({ outdir: this.#folder, only: ['cell'] });
      if (made === undefined || 'errors' in made) throw new Error(`the managed script: ${String(made?.errors)}`);
      const script = readFileSync(join(this.#folder, 'cell.js'), 'utf8');
      return packChart(join(this.#folder, 'chart'), script).archive;
    })();
    return this.#packed;
  }

  values(values: Values): string {
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, `values-${++this.#files}.json`);
    writeFileSync(file, JSON.stringify(values));
    return file;
  }

  /** Any call, against the test's cluster; whatever the outcome is. */
  run(args: readonly string[]): Promise<Outcome> {
    const env = {
      KUBECONFIG: this.#cluster.kubeconfig,
      HELM_CACHE_HOME: join(this.#folder, 'cache'),
      HELM_CONFIG_HOME: join(this.#folder, 'config'),
      HELM_DATA_HOME: join(this.#folder, 'data'),
    };
    return run([this.#cluster.helm, ...args], { env, limit: 180_000 });
  }

  async must(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`helm ${args.slice(0, 4).join(' ')} ended with ${code ?? 'a signal'}: ${stderr}`);
    return stdout;
  }

  /** `install`, `upgrade` … of one release. */
  async act(verb: string, { release, gate }: Place, values: Values, more: readonly string[] = []): Promise<string> {
    const files = ['--values', this.values(values), '--namespace', gate];
    return this.must([verb, release, await this.chart(), ...files, ...more]);
  }

  install(place: Place, values: Values, more: readonly string[] = []): Promise<string> {
    return this.act('install', place, values, ['--create-namespace', ...more]);
  }

  async uninstall({ release, gate }: Place): Promise<void> {
    await this.must(['uninstall', release, '--namespace', gate, '--wait', '--timeout', '100s']);
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
