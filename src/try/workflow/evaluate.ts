// Evaluates GitHub's expressions and the parts of a workflow that hold them.

import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';
import { type Token as Lexed, TokenType } from '@actions/expressions/lexer';
import { truthy } from '@actions/expressions/result';
import {
  type BasicExpressionToken,
  InsertExpressionToken,
  type LiteralToken,
  NullToken,
  type BooleanToken,
  type NumberToken,
  type StringToken,
} from '@actions/workflow-parser/templates/tokens/index';
import { isBasicExpression, isMapping, isSequence } from '@actions/workflow-parser/templates/tokens/type-guards';
import type { Token } from './types.ts';
import { environmentData, fromData, scalarText, toData, type Value } from './value.ts';

/** How the job stands, for success(), failure(), always() and cancelled(). */
export type Status = 'success' | 'failure' | 'cancelled';

const contextNames = [
  'github',
  'env',
  'vars',
  'secrets',
  'needs',
  'strategy',
  'matrix',
  'job',
  'steps',
  'runner',
  'inputs',
] as const;
export type ContextName = (typeof contextNames)[number];

/** What an expression can see. A context that is left out is null, as on GitHub. */
export interface Scope {
  readonly file: string;
  readonly status: Status;
  readonly env: ReadonlyMap<string, string>;
  readonly contexts: Partial<Readonly<Record<Exclude<ContextName, 'env'>, Value>>>;
}

const bool = (value: boolean) => new data.BooleanData(value);
const define = (
  name: string,
  minArgs: number,
  maxArgs: number,
  call: FunctionDefinition['call'],
): FunctionDefinition => ({
  name,
  minArgs,
  maxArgs,
  call,
});

const functionsFor = (status: Status): FunctionDefinition[] => [
  define('success', 0, 0, () => bool(status === 'success')),
  define('failure', 0, 0, () => bool(status === 'failure')),
  define('cancelled', 0, 0, () => bool(status === 'cancelled')),
  define('always', 0, 0, () => bool(true)),
  // Nothing is ever checked out into the played workspace, so no pattern has a match, and no match is the empty string.
  define('hashFiles', 1, 255, () => new data.StringData('')),
];

/** The package unescapes only the first quote of a literal, and every literal text beside an expression is one. */
const unquote = (token: Lexed): Lexed =>
  token.type === TokenType.STRING ? { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") } : token;

function evaluateData(expression: string, scope: Scope): data.ExpressionData {
  const functions = functionsFor(scope.status);
  const tokens = new Lexer(expression).lex().tokens.map(unquote);
  const tree = new Parser(tokens, [...contextNames], functions).parse();
  // The package types the tree of an empty expression as a tree.
  if ((tree as unknown) === undefined) return new data.Null();
  const context = new data.Dictionary(
    ...contextNames.map((key) => ({
      key,
      value: key === 'env' ? environmentData(scope.env) : toData(scope.contexts[key] ?? null),
    })),
  );
  const byName = new Map(functions.map((definition) => [definition.name.toLowerCase(), definition]));
  return new Evaluator(tree, context, byName).evaluate();
}

/** An `if:`. The expression holds a status function already. @throws {Error} what GitHub cannot evaluate */
export const evaluateCondition = (expression: string, scope: Scope): boolean => truthy(evaluateData(expression, scope));

function located<T>(token: Token, scope: Scope, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    const place = token.line === undefined ? '' : ` (Line: ${token.line}, Col: ${token.col ?? 1})`;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The template is not valid. ${scope.file}${place}: ${message}`, { cause });
  }
}

function literalValue(token: LiteralToken): Value {
  if (token instanceof NullToken) return null;
  return (token as StringToken | NumberToken | BooleanToken).value;
}

/** Everything below the token, evaluated. @throws {Error} with the place in the file */
export function evaluate(token: Token, scope: Scope): Value {
  if (isBasicExpression(token)) return evaluateExpressionToken(token, scope);
  if (isSequence(token)) return [...token].map((item) => evaluate(item, scope));
  if (!isMapping(token)) return literalValue(token as LiteralToken);
  const result = new Map<string, Value>();
  for (const { key, value } of token) {
    if (key instanceof InsertExpressionToken) {
      const inserted = evaluate(value, scope);
      if (inserted instanceof Map) for (const [name, item] of inserted as Map<string, Value>) result.set(name, item);
      continue;
    }
    result.set(evaluateText(key, scope), evaluate(value, scope));
  }
  return result;
}

const evaluateExpressionToken = (token: BasicExpressionToken, scope: Scope): Value =>
  located(token, scope, () => fromData(evaluateData(token.expression, scope)));

/** A scalar. @throws {Error} for a list or a mapping */
export function evaluateText(token: Token, scope: Scope): string {
  const text = scalarText(evaluate(token, scope));
  if (text !== null) return text;
  return located(token, scope, () => {
    throw new Error('A sequence or a mapping was not expected');
  });
}

/** A mapping of scalars, such as `env:` or `outputs:`. @throws {Error} for anything else */
export function evaluateTexts(token: Token, scope: Scope): Map<string, string> {
  const value = evaluate(token, scope);
  if (value === null || value === '') return new Map();
  if (!(value instanceof Map)) {
    return located(token, scope, () => {
      throw new Error('A mapping was expected');
    });
  }
  const result = new Map<string, string>();
  for (const [name, item] of value as ReadonlyMap<string, Value>) {
    const text = scalarText(item);
    if (text === null) {
      return located(token, scope, () => {
        throw new Error(`'${name}' has to be a scalar`);
      });
    }
    result.set(name, text);
  }
  return result;
}
