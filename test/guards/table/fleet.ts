import type { Guard } from '../guard.ts';
import { guards as binding } from './fleet/binding.ts';
import { guards as runners } from './fleet/runners.ts';

export const fleet: readonly Guard[] = [...binding, ...runners];
