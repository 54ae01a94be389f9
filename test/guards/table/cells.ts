import type { Guard } from '../guard.ts';
import { guards as engine } from './cells/cells.ts';
import { guards as kubernetes } from './cells/kubernetes.ts';

export const cells: readonly Guard[] = [...engine, ...kubernetes];
