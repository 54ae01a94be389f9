// What one caller can take of the gate. A runner may be controlled by an attacker: it gets few connections, small
// requests and little time, and cannot reach what other runners have (THREATS.md section 6, 78).

import { defaultTiming } from '../timing.ts';

/** Milliseconds and bytes. */
export interface ServerLimits {
  /** Open connections per listener; further ones are closed unread. */
  readonly connections: number;
  readonly headerBytes: number;
  readonly bodyBytes: number;
  /** From the first moment of a connection or a request to the end of its headers, and to the end of its body. */
  readonly headers: number;
  readonly request: number;
  /** How often the two above are looked at. */
  readonly check: number;
  /** Between two requests of one connection. */
  readonly keepAlive: number;
  /** How long a caller may leave an answer unread. */
  readonly stall: number;
  /** How long open calls may go on when the listener closes. */
  readonly close: number;
}

export const defaultServerLimits: ServerLimits = {
  connections: 32,
  headerBytes: 8_192,
  bodyBytes: 65_536,
  headers: 10_000,
  request: 20_000,
  check: 1_000,
  keepAlive: 15_000,
  stall: defaultTiming.stream,
  close: 5_000,
};
