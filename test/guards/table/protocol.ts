import type { Guard } from '../guard.ts';
import { guards as calls } from './protocol/calls.ts';
import { guards as json } from './protocol/json.ts';
import { guards as orders } from './protocol/orders.ts';
import { guards as text } from './protocol/text.ts';

export const protocol: readonly Guard[] = [...json, ...text, ...calls, ...orders];
