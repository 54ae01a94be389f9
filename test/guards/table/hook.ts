import type { Guard } from '../guard.ts';
import { guards as files } from './hook/files.ts';
import { guards as gate } from './hook/gate.ts';
import { guards as job } from './hook/job.ts';
import { guards as print } from './hook/print.ts';
import { guards as proof } from './hook/proof.ts';
import { guards as report } from './hook/report.ts';
import { guards as step } from './hook/step.ts';

export const hook: readonly Guard[] = [...job, ...step, ...files, ...proof, ...gate, ...print, ...report];
