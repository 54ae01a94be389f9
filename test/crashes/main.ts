// `npm run crashes`: kill -9 and SIGSTOP of every part, at every moment of a job, alone and two at once, on a real engine.

import { parseArgs } from 'node:util';
import { paths } from '../../src/drone/paths.ts';
import { callNames } from '../../src/gate/routes.ts';
import { cellPhases, taskPhases } from '../../src/protocol/index.ts';
import { matrix } from './cases.ts';
import { whyNoEngine } from './engine.ts';
import { runLanes } from './lanes.ts';
import { rowsOf } from './rows.ts';
import { closeWorlds } from './world.ts';
import { type Ended, closing, heading, lineOf, summaryOf } from './table.ts';

const usage = `npm run crashes -- [--only TEXT] [--every N] [--jobs N] [--seed N] [--list] [--show]
  --only TEXT  cases whose name holds this text
  --alone      cases with one victim
  --every N    every N-th case, in the seed's order
  --from N     and begins with the N-th (default 1)
  --jobs N     cases side by side, each with an engine of its own (default 12)
  --seed N     of the order and of the sample (default 1)
  --list       prints the cases and plays none
  --show       prints the job's log and the gate's last lines of what is not as expected`;

const natural = (text: string, name: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name} must be a whole number from 1, not ${text}`);
};

function options() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      alone: { type: 'boolean', default: false },
      every: { type: 'string', default: '1' },
      from: { type: 'string', default: '1' },
      jobs: { type: 'string', default: '12' },
      seed: { type: 'string', default: '1' },
      list: { type: 'boolean', default: false },
      show: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { only, alone, list, show, help } = values;
  const [every, from, jobs, seed] = (['every', 'from', 'jobs', 'seed'] as const).map((name) =>
    natural(values[name], name),
  );
  return { only, alone, list, show, help, every: every ?? 1, from: from ?? 1, jobs: jobs ?? 1, seed: seed ?? 1 };
}

/** How many kill-and-stop pairs are drawn from all that are possible. */
const mixed = 40;

async function main(): Promise<number> {
  const { only, alone, every, from, jobs, seed, list, show, help } = options();
  if (help) {
    console.log(usage);
    return 0;
  }
  const rows = rowsOf({ calls: callNames, taskPhases, cellPhases, droneCalls: Object.keys(paths) });
  const chosen = matrix(rows, { seed, mixed })
    .filter(({ name, strikes }) => name.includes(only) && !(alone && strikes.length > 1))
    .filter((_, index) => index >= from - 1 && (index - (from - 1)) % every === 0);
  if (list) {
    for (const { name } of chosen) console.log(name);
    console.log(`crashes: ${chosen.length} cases, none played`);
    return 0;
  }
  const reason = await whyNoEngine();
  if (reason !== null) {
    console.error(`crashes: a Docker engine of its own is needed, which is killed again and again: ${reason}`);
    return 1;
  }
  console.log(`crashes: ${chosen.length} cases of ${rows.length} moments, ${jobs} side by side, seed ${seed}`);
  console.log(heading);
  const all: Ended[] = [];
  const began = Date.now();
  await runLanes(chosen, {
    jobs,
    onEnd(ended, played) {
      all.push(ended);
      console.log(lineOf(ended));
      for (const wrong of ended.wrong) console.log(`    ${wrong}`);
      if (!show || ended.wrong.length === 0 || played === null) return;
      for (const line of played.observed.lines) console.log(`    | ${line}`);
      for (const line of played.gateLog) console.log(`    gate: ${line}`);
    },
  });
  for (const line of summaryOf(all)) console.log(line);
  console.log(`in ${Math.round((Date.now() - began) / 1000)} s`);
  console.log(closing(all));
  return all.length > 0 && all.every(({ wrong }) => wrong.length === 0) ? 0 : 1;
}

// Each engine and each hook wants to know of this process's end.
process.setMaxListeners(0);
for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(name, () => {
    console.error(`crashes: ${name}; everything that was started is ended first`);
    void closeWorlds().finally(() => process.exit(code));
  });
}
try {
  process.exitCode = await main();
} catch (error) {
  console.error(`crashes: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
