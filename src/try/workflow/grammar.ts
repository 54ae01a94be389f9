// GitHub's own workflow grammar, read so that it can be evaluated and not only linted. The package imports JSON without an
// import attribute, which Node refuses: so it works bundled only, and vitest inlines it. It takes a block scalar that holds
// an expression from the raw YAML, indentation and all: so the tree that is played is read a second time, from the
// scalars' values.

import { convertOn } from '@actions/workflow-parser/model/converter/events';
import { convertJobs } from '@actions/workflow-parser/model/converter/jobs';
import type { EventsConfig, WorkflowJob } from '@actions/workflow-parser/model/workflow-template';
import { TemplateContext, TemplateValidationErrors } from '@actions/workflow-parser/templates/template-context';
import { readTemplate } from '@actions/workflow-parser/templates/template-reader';
import {
  type LiteralToken,
  type MappingToken,
  StringToken,
  type TemplateToken,
} from '@actions/workflow-parser/templates/tokens/index';
import { TemplateTokenError } from '@actions/workflow-parser/templates/tokens/template-token';
import { isMapping } from '@actions/workflow-parser/templates/tokens/type-guards';
import { NoOperationTraceWriter } from '@actions/workflow-parser/templates/trace-writer';
import { WORKFLOW_ROOT } from '@actions/workflow-parser/workflows/workflow-constants';
import { YamlObjectReader } from '@actions/workflow-parser/workflows/yaml-object-reader';
import { getWorkflowSchema } from '@actions/workflow-parser/workflows/workflow-schema';
import { convertibleJobs } from './late-expressions.ts';
import type { Problem } from './workflow-error.ts';

export interface ParsedWorkflow {
  readonly root: MappingToken;
  readonly events: EventsConfig;
  /** What the package makes of each job: needs, `if` with its implied success(), the ids of steps. */
  readonly jobs: readonly WorkflowJob[];
}

// An alias may be used any number of times, and an alias of aliases grows without bound.
const maxScalars = 50_000;

class WorkflowReader extends YamlObjectReader {
  readonly #positions: boolean;
  #scalars = 0;

  constructor(fileId: number, text: string, positions: boolean) {
    super(fileId, text);
    this.#positions = positions;
  }

  override allowLiteral(): LiteralToken | undefined {
    const token = super.allowLiteral();
    if (!(token instanceof StringToken)) return token;
    this.#scalars += 1;
    if (this.#scalars > maxScalars) throw new Error(`a workflow may hold at most ${maxScalars} values`);
    // A key such as `1:` arrives as a number in a token of strings.
    const value = String(token.value);
    return this.#positions
      ? new StringToken(token.file, token.range, value, undefined, token.source, token.blockScalarHeader)
      : new StringToken(token.file, token.range, value, undefined);
  }
}

function convert(context: TemplateContext, root: TemplateToken | undefined): ParsedWorkflow | null {
  if (root === undefined || !isMapping(root)) return null;
  const on = root.find('on');
  const jobs = root.find('jobs');
  if (on === undefined || jobs === undefined) return null;
  try {
    return { root, events: convertOn(context, on), jobs: convertJobs(context, convertibleJobs(jobs)) };
  } catch (error) {
    // What the schema has refused already may not convert at all.
    const token = error instanceof TemplateTokenError && error.token !== undefined ? error.token : root;
    context.error(token, error instanceof Error ? error : new Error(String(error)));
    return null;
  }
}

function read(text: string, file: string, positions: boolean): { problems: Problem[]; parsed: ParsedWorkflow | null } {
  const context = new TemplateContext(
    new TemplateValidationErrors(),
    getWorkflowSchema(),
    new NoOperationTraceWriter(),
  );
  const fileId = context.getFileId(file);
  const reader = new WorkflowReader(fileId, text, positions);
  for (const error of reader.errors) context.error(fileId, error.message, error.range);
  const parsed =
    reader.errors.length > 0 ? null : convert(context, readTemplate(context, WORKFLOW_ROOT, reader, fileId));
  const problems = context.errors.getErrors().map(({ rawMessage, range }) => ({
    line: range?.start.line ?? 1,
    column: range?.start.column ?? 1,
    message: rawMessage.split('\n')[0] ?? rawMessage,
  }));
  return { problems, parsed };
}

/**
 * In the order of the file. The second problem of one place is mostly the first one again, in other words; but the very
 * beginning stands for the file as a whole.
 */
const tidy = (problems: readonly Problem[]): Problem[] => {
  const isFirst = ({ line, column }: Problem, index: number) =>
    (line === 1 && column === 1) ||
    problems.findIndex((first) => first.line === line && first.column === column) === index;
  return problems.filter(isFirst).toSorted((a, b) => a.line - b.line || a.column - b.column);
};

/** Every problem that GitHub would find, in the order of the file; or the tree to play. */
export function parseGrammar(text: string, file: string): ParsedWorkflow | readonly Problem[] {
  const positions = read(text, file, true);
  const { problems, parsed } = positions.problems.length > 0 ? positions : read(text, file, false);
  if (problems.length > 0) return tidy(problems);
  return parsed ?? [{ line: 1, column: 1, message: 'the file holds no workflow' }];
}
