import { domainToASCII } from 'node:url';
import * as v from 'valibot';

/**
 * The kinds of field that the stage config is made of. The message of every valibot rule here is the set of allowed
 * values in words; `stage-config.ts` puts the field's path and value in front of it.
 */

export const integer = (min: number, max: number) => {
  const allowed = `a whole number from ${min} to ${max}`;
  return v.pipe(v.number(allowed), v.integer(allowed), v.minValue(min, allowed), v.maxValue(max, allowed));
};

export const numberBetween = (min: number, max: number) => {
  const allowed = `a number from ${min} to ${max}`;
  return v.pipe(v.number(allowed), v.minValue(min, allowed), v.maxValue(max, allowed));
};

/** A duration in seconds: above 0, fractions allowed. */
export const seconds = (max: number) => {
  const allowed = `a number of seconds above 0, at most ${max}`;
  return v.pipe(v.number(allowed), v.gtValue(0, allowed), v.maxValue(max, allowed));
};

export const text = (pattern: RegExp, allowed: string) => v.pipe(v.string(allowed), v.regex(pattern, allowed));

export const flag = v.boolean('true or false');

export const list = <Item extends v.GenericSchema>(item: Item) => v.optional(v.array(item, 'a list'), []);

const asciiDomain = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$/;

/** A mail domain, given as lower-case A-labels (RFC 5890) whatever spelling came in. */
export const domain = v.pipe(
  v.string('a domain name such as example.com'),
  v.check((name) => asciiDomain.test(domainToASCII(name)), 'a domain name such as example.com'),
  v.transform(domainToASCII),
);

/** An object that refuses every field it does not know, by name. */
export const fields = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    v.unknown(),
    v.check(isPlainObject, 'an object'),
    v.strictObject(entries, (issue) => {
      const name = String(issue.path?.at(-1)?.key);
      return issue.expected === 'never' ? unknownField(name, Object.keys(entries)) : 'required';
    }),
  );

/** Valibot itself takes a list for an object without fields. */
export const isPlainObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** As {@link fields}, and may be left out altogether: then every field has its default. */
export const section = <Entries extends v.ObjectEntries>(entries: Entries) => v.optional(fields(entries), {});

/** Marks the message of an unknown field: there the value does not matter. */
export const unknownFieldMark = 'unknown field';

function unknownField(name: string, known: readonly string[]): string {
  const near = known.find((candidate) => editDistance(name.toLowerCase(), candidate.toLowerCase()) <= 2);
  const guess = near === undefined ? '' : `; did you mean "${near}"?`;
  return `${unknownFieldMark}${guess} (known here: ${known.join(', ') || 'none'})`;
}

/** Levenshtein distance: single-character edits between two words. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...to].entries()) {
      const substituted = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(substituted, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
