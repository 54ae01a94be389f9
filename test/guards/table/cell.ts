import type { Guard } from '../guard.ts';
import { guards as log } from './cell/log.ts';
import { guards as order } from './cell/order.ts';
import { guards as output } from './cell/output.ts';
import { guards as promote } from './cell/promote.ts';

export const cell: readonly Guard[] = [...order, ...log, ...promote, ...output];
