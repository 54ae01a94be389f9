// What a run of tests says of a rule. Only a test that ran and failed has noticed anything: a file that does not
// compile, a run that never ends and a run without tests have not.

/** One run of one test file, with or without a rule. */
export interface Job {
  /** Path from the root of the copy. */
  readonly test: string;
  /** Words of the titles of the tests to run; all, if it is absent. */
  readonly only?: string | undefined;
  /** A file of the copy that has changed since the last run. */
  readonly changed?: string | undefined;
}

/** What vitest said of the tests of one run, as far as it came. */
export interface Report {
  readonly passed: number;
  /** In the order of their ends. */
  readonly failed: readonly { readonly name: string; readonly why: string }[];
  /** Of files that do not load, and outside every test. */
  readonly errors: readonly string[];
}

export type Outcome =
  | { readonly kind: 'failed'; readonly test: string; readonly why: string }
  | { readonly kind: 'passed'; readonly count: number }
  /** The run says nothing of the rule. */
  | { readonly kind: 'broken'; readonly why: string };

/** Such a test has not come to look at anything. */
const notCompiled = /^(?:SyntaxError|Transform failed|Failed to (?:resolve|load)|\S+ is not defined)\b/;

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';

export function judge({ passed, failed, errors }: Report): Outcome {
  const noticed = failed.find(({ why }) => !notCompiled.test(why));
  if (noticed !== undefined) return { kind: 'failed', test: noticed.name, why: firstLine(noticed.why) };
  const [broken] = [...failed.map(({ why }) => why), ...errors];
  if (broken !== undefined) return { kind: 'broken', why: firstLine(broken) };
  return passed === 0 ? { kind: 'broken', why: 'no test ran' } : { kind: 'passed', count: passed };
}
