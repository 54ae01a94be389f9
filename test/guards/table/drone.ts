import type { Guard } from '../guard.ts';
import { guards as cancel } from './drone/cancel.ts';
import { guards as connection } from './drone/connection.ts';
import { guards as logs } from './drone/logs.ts';
import { guards as oldBuilds } from './drone/old-builds.ts';
import { guards as preflight } from './drone/preflight.ts';
import { guards as traps } from './drone/traps.ts';
import { guards as trigger } from './drone/trigger.ts';
import { guards as verdict } from './drone/verdict.ts';

export const drone: readonly Guard[] = [
  ...connection,
  ...preflight,
  ...trigger,
  ...oldBuilds,
  ...verdict,
  ...cancel,
  ...logs,
  ...traps,
];
