// Reads the policy's YAML so that it means to a program what a person sees: no anchors, aliases, merge keys, tags,
// directives or second documents (each has made two readers disagree, or a small file a huge one), no duplicate keys,
// only text keys, and numbers only as they are written. Remembers where everything stands.

import { LineCounter, type ParsedNode, isAlias, isMap, isScalar, isSeq } from 'yaml';
import { type Found, type PathItem, type Problem, formatPath } from './problem.ts';
import { Unreadable, composeYaml } from './yaml-text.ts';

type Path = readonly PathItem[];

export interface Yaml {
  /** Objects without a prototype, arrays, strings, numbers, booleans, null. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The problem with the line and column that its path, or what is left of it, has in the text. */
  locate(found: Found): Problem;
  /** Whether this place or one around it is already in `problems`. */
  reported(path: Path): boolean;
}

interface Walk {
  report(offset: number, path: Path, message: string): void;
  place(path: Path, key: number, value: number): void;
}

const plainNumber = /^(?:0|[1-9][0-9]{0,14})$/;

/** Why a key cannot be one, or its text. */
function keyOf(key: ParsedNode): { readonly name: string } | { readonly problem: string } {
  if (!isScalar(key) || typeof key.value !== 'string')
    return { problem: 'a key here is no text; write it as a word, in quotes if need be' };
  if (key.anchor !== undefined || key.tag !== undefined)
    return { problem: 'anchors and tags are not read; remove it from this key' };
  if (key.value === '<<') return { problem: 'merge keys (<<) are not read; write the keys out' };
  // Names that JavaScript objects answer to by themselves.
  if (key.value in Object.prototype || key.value === 'prototype')
    return { problem: `"${key.value}" cannot be a key; choose another name` };
  return { name: key.value };
}

function valueOf(walk: Walk, node: ParsedNode | null, key: number, path: Path): unknown {
  const offset = node?.range[0] ?? key;
  walk.place(path, key, offset);
  if (node === null) return null;
  if (isAlias(node)) {
    walk.report(offset, path, `the alias *${node.source} is not read; write the value out`);
    return null;
  }
  if (node.anchor !== undefined)
    walk.report(offset, path, `the anchor &${node.anchor} is not read; remove it and write values out`);
  if (node.tag !== undefined) walk.report(offset, path, 'YAML tags (!) are not read; remove the tag');
  if (isSeq<ParsedNode>(node)) return node.items.map((item, index) => valueOf(walk, item, offset, [...path, index]));
  if (isScalar(node)) {
    if (typeof node.value === 'number' && !plainNumber.test(node.source))
      walk.report(offset, path, `${node.source} is no plain whole number; write digits alone, or quotes if it is text`);
    return node.value;
  }
  const result = Object.create(null) as Record<string, unknown>;
  if (!isMap<ParsedNode, ParsedNode | null>(node)) return result;
  for (const pair of node.items) {
    const at = pair.key.range[0];
    const named = keyOf(pair.key);
    if ('problem' in named) walk.report(at, path, named.problem);
    else if (Object.hasOwn(result, named.name)) walk.report(at, [...path, named.name], 'stands here twice; keep one');
    else result[named.name] = valueOf(walk, pair.value, at, [...path, named.name]);
  }
  return result;
}

/**
 * Never throws: whatever the text is, the answer is a value, problems, or both. Up to 1 MiB.
 * @param what the file is, for messages
 */
export function readYaml(text: string, what = 'policy'): Yaml {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const bad = new Set<string>();
  const places = new Map<string, { readonly key: number; readonly value: number }>();
  const at = (offset: number, path: Path, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), path: formatPath(path, what), message };
  };
  const report: Walk['report'] = (offset, path, message) => {
    problems.push(at(offset, path, message));
    bad.add(JSON.stringify(path));
  };
  const place: Walk['place'] = (path, key, value) => void places.set(JSON.stringify(path), { key, value });
  let value: unknown;
  try {
    value = valueOf({ report, place }, composeYaml(text, lines, what).contents, 0, []);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    report(error.offset, [], error.message);
  }
  return {
    value,
    problems,
    locate({ path, message, place: where = 'value' }) {
      for (let length = path.length; length >= 0; length--) {
        const found = places.get(JSON.stringify(path.slice(0, length)));
        if (found) return at(found[length === path.length ? where : 'value'], path, message);
      }
      return at(0, path, message);
    },
    reported: (path) =>
      [[], ...path.map((_, index) => path.slice(0, index + 1))].some((part) => bad.has(JSON.stringify(part))),
  };
}
