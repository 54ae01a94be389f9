// What a field may hold, written down a second time: the tests hold the schemas to it.

export interface Rule {
  /** As a refusal words it. */
  readonly is: string;
  /** Values at the edge that are accepted. */
  readonly good?: readonly unknown[];
  /** Values of the right type that are refused. */
  readonly bad?: readonly unknown[];
  /** The answer to a document without the field, where that is more than a missing field. */
  readonly gone?: string;
  /** The field may be left out. */
  readonly optional?: true;
  /** The field may be null. */
  readonly nullable?: true;
  /** An object of any names. */
  readonly map?: true;
  /** Everything is accepted. */
  readonly anything?: true;
}

const { MAX_SAFE_INTEGER } = Number;

export const object: Rule = { is: 'an object' };
export const list: Rule = { is: 'Array' };
export const anyText: Rule = { is: 'a text', good: ['', '\0\n\u2028::error::'] };

export const whole = (min: number, max = MAX_SAFE_INTEGER): Rule => ({
  is: `a whole number from ${min} to ${max}`,
  good: [min, max],
  bad: [min - 1, max + 1, 1.5, 1e300],
});
export const count = whole(0);
export const positive = whole(1);

export const seconds = (max: number): Rule => ({
  is: `a number of seconds from 0 to ${max}`,
  good: [0, 0.001, max],
  bad: [-0.001, max + 0.001, 1e300],
});

export const text = (max: number, min = 0): Rule => ({
  is: `a text of ${min} to ${max} characters`,
  good: ['x'.repeat(min), 'é'.repeat(max)],
  bad: min > 0 ? ['', 'x'.repeat(max + 1)] : ['x'.repeat(max + 1)],
});
export const printable = (max: number, min = 0): Rule => ({
  is: `${min} to ${max} printable characters without blanks`,
  good: ['x'.repeat(min), '~'.repeat(max)],
  bad: [...(text(max, min).bad ?? []), 'a b', 'a\n', '\r', '\t', 'é', '\x7f', '\0'],
});
export const hex32: Rule = {
  is: '32 lower hex digits',
  good: ['0'.repeat(32), 'abcdef0123456789abcdef0123456789'],
  bad: ['', 'a'.repeat(31), 'a'.repeat(33), 'A'.repeat(32), 'g'.repeat(32), `${'a'.repeat(32)}\n`],
};
export const decimal: Rule = {
  is: 'decimal digits',
  good: ['', '0', '9'.repeat(16)],
  bad: ['-1', '1.5', '1e3', ' 1', '1\n', '9'.repeat(17), '١'],
};

/** `alone`: values of the list that do not fit the rest of the document are left to another test. */
export const oneOf = (values: readonly string[], alone = false): Rule => ({
  is: values.map((value) => `"${value}"`).join(' | '),
  good: alone ? [] : values,
  bad: ['', 'other', ` ${values[0]}`, `${values[0]}\n`, `${values[0]}`.toUpperCase(), 'constructor'],
});

export const optional = (rule: Rule): Rule => ({ ...rule, optional: true });
/** May be left out and may be null, as the runner writes it. */
export const nullable = (rule: Rule): Rule => ({ ...rule, optional: true, nullable: true });
