// The operator's log. Written synchronously: a line that matters most is the last one before a crash.

import { type DestinationStream, type Logger, destination, pino } from 'pino';

export type { Logger } from 'pino';

/** Wherever one of these names stands in a logged object, its value is a secret or may hold one. */
const secret = ['token', 'droneToken', 'body', 'claims', 'params', 'authorization'];

export const createLog = (level: string, to: DestinationStream = destination({ dest: 2, sync: true })): Logger =>
  pino(
    { name: 'airlock', level, redact: { paths: secret.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' } },
    to,
  );

/** For tests and for commands that print something of their own. */
export const silentLog = (): Logger => pino({ level: 'silent' });
