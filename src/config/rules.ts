// The rules of a configuration that look at more than one key. They read what is there and expect nothing: each is told
// even if something else is broken.

import type { Found } from '../policy/problem.ts';
import { bytes, sizeForm } from '../policy/units.ts';

type Values = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);
const mapAt = (values: Values, key: string): Values | null => (isMap(values[key]) ? values[key] : null);
const has = (values: Values, key: string): boolean => values[key] !== undefined;
const inCluster = (config: Values): boolean => mapAt(config, 'engine')?.['kubernetes'] !== undefined;

function* someRunner(config: Values): Generator<Found> {
  if (!has(config, 'sockets') && !has(config, 'fleet') && !inCluster(config))
    yield { path: [], message: 'serves no runner; add fleet: for ephemeral ones, or sockets: for static ones' };
}

function* oneEngine(config: Values): Generator<Found> {
  const engine = mapAt(config, 'engine');
  if (engine !== null && has(engine, 'docker') === has(engine, 'kubernetes'))
    yield {
      path: ['engine'],
      message: 'needs exactly one of docker and kubernetes; write the one that runs the cells',
    };
}

function* fitsTheEngine(config: Values): Generator<Found> {
  const cluster = inCluster(config);
  const wrong = cluster ? ['ledger', 'sockets', 'github', 'fleet'] : ['runners'];
  for (const key of wrong.filter((one) => has(config, one)))
    yield {
      path: [key],
      message: cluster
        ? 'is for one machine with Docker; in a cluster remove it'
        : 'is for a cluster; with Docker use fleet: or sockets:',
    };
  const missing = cluster ? 'runners' : 'ledger';
  if (!has(config, missing))
    yield {
      path: [],
      message: `lacks ${missing}; add it, as in ${cluster ? "the chart's configuration" : '/var/lib/airlock/ledger'}`,
    };
}

/** Whoever reaches it on one machine may be a container; in a cluster the kubelet asks from outside. */
function* ownAddress(config: Values): Generator<Found> {
  const { listen } = config;
  if (typeof listen !== 'string' || inCluster(config) || /^(?:127\.0\.0\.1|\[::1\]):/.test(listen)) return;
  yield { path: ['listen'], message: 'is no address of this machine alone; write 127.0.0.1:PORT' };
}

function* oneScope(config: Values): Generator<Found> {
  const github = mapAt(config, 'github');
  if (github !== null && has(github, 'organization') === has(github, 'repository'))
    yield {
      path: ['github'],
      message: 'needs exactly one of organization and repository; write the one whose runners they are',
    };
}

function* oneCredential(config: Values): Generator<Found> {
  const github = mapAt(config, 'github');
  if (github === null) return;
  const app = has(github, 'app');
  if (app === has(github, 'token'))
    yield { path: ['github'], message: 'needs exactly one of app (with key) and token; an App is the better one' };
  else if (app !== has(github, 'key'))
    yield {
      path: ['github'],
      message: app ? 'has an app without its key; add key: { file: /path }' : 'has a key without its app; add app',
    };
}

function* overHttps(config: Values): Generator<Found> {
  const url = mapAt(config, 'github')?.['url'];
  if (typeof url === 'string' && url.startsWith('http://'))
    yield {
      path: ['github', 'url'],
      message: "is plain http: the App's token would cross the network readable; write https",
    };
}

function* fleetHasGitHub(config: Values): Generator<Found> {
  if (has(config, 'fleet') && !has(config, 'github'))
    yield { path: ['fleet'], message: 'makes runners, and nobody to register them with; add github:' };
}

function* fleetFits(config: Values): Generator<Found> {
  const fleet = mapAt(config, 'fleet');
  if (fleet === null) return;
  const { idle = 1, max = 10, network } = fleet;
  if (typeof idle === 'number' && typeof max === 'number' && idle > max)
    yield { path: ['fleet', 'idle'], message: `is more than max (${max}); write less, or raise max` };
  const cells = mapAt(mapAt(config, 'engine') ?? {}, 'docker')?.['network'];
  if (network !== undefined && network === cells)
    yield {
      path: ['fleet', 'network'],
      message: 'is the network of the cells: a runner would reach what they reach; make one for the runners',
    };
  const { memory = '1GiB', work = '256MiB' } = mapAt(fleet, 'limits') ?? {};
  const sizeOf = (value: unknown): number =>
    typeof value === 'string' && sizeForm.test(value) ? bytes(value) : Number.NaN;
  if (sizeOf(work) >= sizeOf(memory))
    yield { path: ['fleet', 'limits', 'work'], message: 'is in memory and leaves none; write less than memory' };
}

function* socketsAreUnique(config: Values): Generator<Found> {
  const sockets: unknown = config['sockets'];
  for (const key of ['name', 'path']) {
    const seen = new Set<unknown>();
    for (const [index, one] of Array.isArray(sockets) ? sockets.entries() : []) {
      const value = isMap(one) ? one[key] : undefined;
      if (value !== undefined && seen.has(value))
        yield {
          path: ['sockets', index, key],
          message: 'stands here twice; each runner needs a name and a path of its own',
        };
      seen.add(value);
    }
  }
}

const rules = [
  oneEngine,
  fitsTheEngine,
  ownAddress,
  someRunner,
  oneScope,
  oneCredential,
  overHttps,
  fleetHasGitHub,
  fleetFits,
  socketsAreUnique,
];

/** What the rules find in the file's own value. */
export function brokenConfigRules(value: unknown): Found[] {
  return isMap(value) ? rules.flatMap((rule) => [...rule(value)]) : [];
}
