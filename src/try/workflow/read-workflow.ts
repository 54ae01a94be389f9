// Reads a workflow file into jobs and steps. Whatever GitHub would refuse is refused here, all at once.

import type {
  Job as ParsedJob,
  Step as ParsedStep,
  WorkflowJob,
} from '@actions/workflow-parser/model/workflow-template';
import type { MappingToken } from '@actions/workflow-parser/templates/tokens/index';
import { isMapping, isSequence, isString } from '@actions/workflow-parser/templates/tokens/type-guards';
import { parseGrammar } from './grammar.ts';
import { grantsIdToken } from './permissions.ts';
import type { JobSource, Step, Token, Workflow } from './types.ts';
import { type Problem, WorkflowError } from './workflow-error.ts';

const maxBytes = 1_048_576;

const invalid = (file: string, problems: readonly Problem[]) =>
  new WorkflowError(
    'workflow-invalid',
    problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n'),
    problems,
  );

const present = (...tokens: (Token | undefined)[]): Token[] => tokens.filter((token) => token !== undefined);

function runDefaults(token: Token | undefined): Token | undefined {
  return token !== undefined && isMapping(token) ? token.find('run') : undefined;
}

function readStep(parsed: ParsedStep, token: MappingToken): Step {
  const get = (key: string) => token.find(key) ?? null;
  const given = get('with');
  const uses = get('uses');
  return {
    id: parsed.id,
    condition: parsed.if?.expression ?? 'success()',
    name: get('name'),
    run: get('run'),
    uses: uses !== null && isString(uses) ? uses.value : null,
    with: given !== null && isMapping(given) ? given : null,
    env: get('env'),
    shell: get('shell'),
    workingDirectory: get('working-directory'),
    continueOnError: get('continue-on-error'),
    timeout: get('timeout-minutes'),
  };
}

function readSteps(job: ParsedJob, token: MappingToken): Step[] {
  const steps = token.find('steps');
  if (steps === undefined || !isSequence(steps)) return [];
  return [...steps].flatMap((item, index) => {
    const parsed = job.steps[index];
    return parsed !== undefined && isMapping(item) ? [readStep(parsed, item)] : [];
  });
}

function readJob(job: WorkflowJob, token: MappingToken, root: MappingToken): JobSource {
  const get = (key: string) => token.find(key) ?? null;
  return {
    id: job.id.value,
    name: get('name'),
    needs: (job.needs ?? []).map(({ value }) => value),
    condition: job.if.expression,
    hasContainer: get('container') !== null,
    calls: job.type === 'reusableWorkflowJob' ? job.ref.value : null,
    strategy: get('strategy'),
    env: present(root.find('env'), token.find('env')),
    defaults: present(runDefaults(root.find('defaults')), runDefaults(token.find('defaults'))),
    container: get('container'),
    services: get('services'),
    outputs: get('outputs'),
    environment: get('environment'),
    timeout: get('timeout-minutes'),
    steps: job.type === 'job' ? readSteps(job, token) : [],
    idToken: grantsIdToken(token.find('permissions') ?? root.find('permissions')),
  };
}

/**
 * @param text the file's text, at most 1 MiB
 * @param file its name, for messages; the last part of it names the workflow's path in the repository
 * @throws {WorkflowError} `workflow-invalid`: every problem with line and column
 */
export function readWorkflow(text: string, file: string): Workflow {
  if (Buffer.byteLength(text) > maxBytes) {
    throw invalid(file, [{ line: 1, column: 1, message: `the file is larger than ${maxBytes} bytes` }]);
  }
  const parsed = parseGrammar(text, file);
  if (!('root' in parsed)) throw invalid(file, parsed);
  const { root, events, jobs } = parsed;
  const path = `.github/workflows/${file.split('/').at(-1) ?? file}`;
  const name = root.find('name');
  const jobTokens = root.find('jobs');
  return {
    file,
    path,
    name: name !== undefined && isString(name) && name.value !== '' ? name.value : path,
    events: Object.keys(events),
    triggers: events,
    jobs: jobs.flatMap((job) => {
      const token = jobTokens !== undefined && isMapping(jobTokens) ? jobTokens.find(job.id.value) : undefined;
      return token !== undefined && isMapping(token) ? [readJob(job, token, root)] : [];
    }),
  };
}
