import type { Verdict } from '../protocol/event.ts';

const advice: Partial<Record<Verdict, string>> = {
  failure: 'read the log of the step that failed',
  error: 'read what Drone says of it',
  cancelled: 'run the job again if it is still wanted',
  'cancel-lost': 'stop the build in Drone: it may still run',
  'timed-out': 'make the pipeline faster, or its limit longer',
  declined: 'ask who declined the build in Drone',
  blocked: 'let somebody approve the build in Drone',
  skipped: 'look at what the pipeline leaves out',
  'nothing-ran': "compare the pipeline's `trigger` and `when` with this event and branch",
  'expected-missing': 'let the pipeline run the steps that the policy expects',
  'never-started': 'ask for a Drone runner that fits',
  'runner-lost': 'look at the build in Drone before you run the job again',
  'not-ours': 'tell the operator',
};
const known = /* @__PURE__ */ new Map(Object.entries(advice));

/** What the author can do about a verdict that is not `success`. */
export const adviceOn = (verdict: string): string => known.get(verdict) ?? 'look at the build in Drone';
