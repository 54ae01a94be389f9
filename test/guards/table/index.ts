import type { Guard } from '../guard.ts';
import { cell } from './cell.ts';
import { cells } from './cells.ts';
import { config } from './config.ts';
import { drone } from './drone.ts';
import { fleet } from './fleet.ts';
import { gate } from './gate.ts';
import { hook } from './hook.ts';
import { images } from './images.ts';
import { policy } from './policy.ts';
import { protocol } from './protocol.ts';

/** Every rule, room by room. */
export const table: readonly Guard[] = [
  ...protocol,
  ...policy,
  ...hook,
  ...gate,
  ...cells,
  ...cell,
  ...drone,
  ...config,
  ...fleet,
  ...images,
];
