import type { Guard } from '../guard.ts';
import { guards as engine } from './cells/cells.ts';

export const cells: readonly Guard[] = [...engine];
