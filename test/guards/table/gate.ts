import type { Guard } from '../guard.ts';
import { guards as admission } from './gate/admission.ts';
import { guards as audit } from './gate/audit.ts';
import { guards as bind } from './gate/bind.ts';
import { guards as cellReport } from './gate/cell-report.ts';
import { guards as choice } from './gate/choice.ts';
import { guards as clusterLedger } from './gate/cluster-ledger.ts';
import { guards as http } from './gate/http.ts';
import { guards as keys } from './gate/keys.ts';
import { guards as life } from './gate/life.ts';
import { guards as limits } from './gate/limits.ts';
import { guards as machine } from './gate/machine.ts';
import { guards as owner } from './gate/owner.ts';
import { guards as places } from './gate/places.ts';
import { guards as pods } from './gate/pods.ts';
import { guards as relay } from './gate/relay.ts';
import { guards as routes } from './gate/routes.ts';
import { guards as selfTest } from './gate/self-test.ts';
import { guards as sessions } from './gate/sessions.ts';
import { guards as socket } from './gate/socket.ts';
import { guards as time } from './gate/time.ts';
import { guards as token } from './gate/token.ts';

export const gate: readonly Guard[] = [
  ...routes,
  ...http,
  ...socket,
  ...token,
  ...keys,
  ...sessions,
  ...selfTest,
  ...bind,
  ...admission,
  ...life,
  ...limits,
  ...owner,
  ...machine,
  ...choice,
  ...cellReport,
  ...relay,
  ...places,
  ...time,
  ...audit,
  ...pods,
  ...clusterLedger,
];
