// How the gate says no or that something broke, on the wire (PROTOCOL.md: 403 refused, 5xx failed, 503 standby).

import * as v from 'valibot';
import { type FailureCode, type RefusalCode, failureCodes, refusalCodes } from './codes.ts';
import { Failure, Refusal } from './errors.ts';
import { oneOf, text } from './plain.ts';
import { strict } from './schema.ts';

const known = 'a code that is known here';
function refused() {
  const sentence = text(8192);
  const details = { code: oneOf(refusalCodes, known), rule: sentence, message: sentence, fix: sentence };
  return strict({ refused: strict(details) });
}
const failed = () => strict({ failed: strict({ code: oneOf(failureCodes, known), message: text(8192) }) });
const standby = () => strict({ code: oneOf(['standby']) });

export type ErrorBody =
  | {
      readonly refused: {
        readonly code: RefusalCode;
        readonly rule: string;
        readonly message: string;
        readonly fix: string;
      };
    }
  | { readonly failed: { readonly code: FailureCode; readonly message: string } }
  | { readonly code: 'standby' };

export function errorBody(error: Refusal | Failure): ErrorBody {
  if (error instanceof Refusal)
    return { refused: { code: error.code, rule: error.rule, message: error.message, fix: error.fix } };
  if (error.code === 'gate-standby') return { code: 'standby' };
  return { failed: { code: error.code, message: error.message } };
}

/** The error that an answer other than 2xx stands for. Anything that is not the gate's form is a failure. */
export function errorOf(status: number, body: unknown): Refusal | Failure {
  const no = v.safeParse(refused(), body);
  if (no.success) return new Refusal({ ...no.output.refused, status });
  const broken = v.safeParse(failed(), body);
  if (broken.success) return new Failure(broken.output.failed.code, broken.output.failed.message, { status });
  if (v.safeParse(standby(), body).success)
    return new Failure('gate-standby', 'this gate is a standby; another one is active', { status });
  return new Failure('gate-failed', `the gate answered ${status} in a form that is not its own`, { status });
}
