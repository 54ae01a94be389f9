// To which job a runner belongs: the first one that it proved, for ever (DESIGN.md, Identity).

import * as v from 'valibot';
import { type Schema, count, parseWith, positive, text, textBy } from '../../protocol/index.ts';
import { parseJobKey } from './key.ts';

export interface BindingRecord {
  readonly v: 1;
  readonly runner: string;
  readonly job: string;
  readonly epoch: number;
  /** Milliseconds since the epoch. */
  readonly bound: number;
}

const schema: Schema<BindingRecord> = v.strictObject({
  v: v.literal(1),
  runner: text(251, 1),
  job: textBy((job) => parseJobKey(job) !== null, 'a job'),
  epoch: positive,
  bound: count,
});

/** @throws {Refusal} `input-*` */
export const parseBindingRecord = (value: unknown): BindingRecord => parseWith(schema, value, 'the binding');
