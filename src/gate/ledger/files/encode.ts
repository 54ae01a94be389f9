// A record as its file holds it. Only what reads back is written: a record that nobody can read takes its slot for ever.

import { Failure } from '../../../protocol/index.ts';
import { maxRecordBytes } from './read-place.ts';

/** @returns the bytes, and the record as a reader will see it @throws {Failure} `ledger-failed` */
export function encode<T>(record: T, parse: (value: unknown) => T): { readonly bytes: Uint8Array; readonly read: T } {
  try {
    const bytes = Buffer.from(JSON.stringify(record));
    if (bytes.byteLength > maxRecordBytes) throw new Error(`it is larger than ${maxRecordBytes} bytes`);
    return { bytes, read: parse(JSON.parse(bytes.toString())) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Failure('ledger-failed', `a record that could not be read again is not written: ${reason}`, { cause });
  }
}
