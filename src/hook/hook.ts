// What the parts of one call share.

import type { HookIo } from './io.ts';
import type { Printer } from './printer.ts';
import type { Settings } from './settings.ts';

export interface Hook extends Pick<HookIo, 'env' | 'limits' | 'now'> {
  readonly settings: Settings;
  readonly printer: Printer;
  /** The first SIGINT or SIGTERM; further ones change nothing. */
  readonly stopped: Promise<void>;
  /** Ends whatever still waits when the hook has given its answer. */
  readonly over: AbortSignal;
}
