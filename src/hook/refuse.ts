import { Refusal } from '../protocol/errors.ts';
import type { RefusalCode } from '../protocol/codes.ts';

/** @throws {Refusal} always */
export function refuse(code: RefusalCode, message: string, rule: string, fix: string): never {
  throw new Refusal({ code, message, rule, fix });
}
