// Strings that travel into Drone, however they were allowed: git accepts `release/$(id)` as a branch and Drone's exec
// runner puts the branch into a shell line (DESIGN.md, "Whatever the globs say"; API.md, "Params are dangerous").

import { rule } from './schema.ts';

const noDots = (text: string): boolean => !text.includes('..') && !text.includes('//');

const plainRef = /^refs\/(?:heads|tags)\/[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/;
const plainCommit = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const plainRepository = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/[A-Za-z0-9._-]{1,100}$/;
const plainActor = /^[A-Za-z0-9_-]{1,80}(?:\[bot\])?$/;
const plainName = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,100}$/;
const plainBranch = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/;

/** A full branch or tag ref that is safe in a shell line and in a URL. */
export const isPlainRef = (text: string): boolean => plainRef.test(text) && noDots(text);
/** 40 or 64 lower hex. */
export const isPlainCommit = (text: string): boolean => plainCommit.test(text);
/** `owner/name`, as GitHub and Drone spell it. */
export const isPlainRepository = (text: string): boolean => plainRepository.test(text) && !/\/\.{1,2}$/.test(text);
export const isPlainActor = (text: string): boolean => plainActor.test(text);
/** An environment, a target, a stage or a step that takes part in a decision. */
export const isPlainName = (text: string): boolean => plainName.test(text) && noDots(text);
export const isPlainBranch = (text: string): boolean => plainBranch.test(text) && noDots(text);

/** A text by a rule; `expected` stands in the message. */
/* @__NO_SIDE_EFFECTS__ */
export const textBy = (isSo: (text: string) => boolean, expected: string) =>
  rule<string>((value) => typeof value === 'string' && isSo(value), expected);

/** IPv4 in four decimal parts, or what may stand between the brackets of a URL. */
const isAddress = (text: string): boolean =>
  /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/.test(text)
    ? text.split('.').every((part) => Number(part) <= 255)
    : /^[0-9A-Fa-f:.]{2,45}$/.test(text) && text.includes(':') && URL.canParse(`http://[${text}]`);

export const addressString = textBy(isAddress, 'an IP address');
export const hex32 = textBy((value) => /^[0-9a-f]{32}$/.test(value), '32 lower hex digits');
export const refString = textBy(isPlainRef, 'a plain refs/heads/ or refs/tags/ name');
export const commitString = textBy(isPlainCommit, '40 or 64 lower hex digits');
export const repositoryString = textBy(isPlainRepository, 'owner/name');
export const nameString = textBy(isPlainName, 'a plain name');

export const anyText = textBy(() => true, 'a text');
/** Text of bounded length (UTF-16 units), for messages and names that only get printed. */
/* @__NO_SIDE_EFFECTS__ */
export function text(max: number, min = 0) {
  return textBy((value) => value.length >= min && value.length <= max, `a text of ${min} to ${max} characters`);
}
/** Printable ASCII without blanks, for what goes into a header, a file of outputs or a table. */
/* @__NO_SIDE_EFFECTS__ */
export function printable(max: number, min = 0) {
  const isSo = (value: string) => value.length >= min && value.length <= max && /^[\x21-\x7e]*$/.test(value);
  return textBy(isSo, `${min} to ${max} printable characters without blanks`);
}

/** One of these and nothing else. */
/* @__NO_SIDE_EFFECTS__ */
export function oneOf<const Value extends string | number | boolean>(
  values: readonly Value[],
  expected = values.map((value) => JSON.stringify(value)).join(' | '),
) {
  return rule<Value>((value) => (values as readonly unknown[]).includes(value), expected);
}

/** A whole number; none is larger than what keeps its last digit. */
/* @__NO_SIDE_EFFECTS__ */
export function whole(min: number, max = Number.MAX_SAFE_INTEGER) {
  const isSo = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  return rule<number>(isSo, `a whole number from ${min} to ${max}`);
}
export const count = /* @__PURE__ */ whole(0);
export const positive = /* @__PURE__ */ whole(1);
