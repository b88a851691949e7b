import type * as v from 'valibot';
import type { FieldError } from '../contracts/dead-letter.ts';

type Issue = v.BaseIssue<unknown>;

/** More would not fit into a dead letter's 16 KiB of detail, and nobody reads them. */
const maxErrors = 50;

/** What valibot found, in the words of the dead letter: no value of the message is repeated. */
export function fieldErrors(issues: readonly Issue[]): FieldError[] {
  return issues.slice(0, maxErrors).flatMap((issue) => describe(issue, ''));
}

function describe(issue: Issue, parent: string): FieldError[] {
  const field = fieldPath(parent, issue.path ?? []);
  const within = issue.type === 'union' ? (issue.issues ?? []).filter(isDeeper) : [];
  if (within.length > 0) return within.flatMap((inner) => describe(inner, field));
  return [{ field: field === '' ? 'body' : field, rule: ruleOf(issue) }];
}

/** Of a union's alternatives the one that the value was meant to be: not refused for its type alone. */
function isDeeper(issue: Issue): boolean {
  return issue.path !== undefined || issue.kind === 'validation' || (issue.issues ?? []).some(isDeeper);
}

function fieldPath(parent: string, path: readonly v.IssuePathItem[]): string {
  return path.reduce((field, { key }) => {
    if (typeof key === 'number') return `${field}[${key}]`;
    return field === '' ? shorten(String(key)) : `${field}.${shorten(String(key))}`;
  }, parent);
}

/** A field's name comes from outside: it must not fill the log, nor end its line. */
function shorten(name: string): string {
  const printable = name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
  return printable.length > 80 ? `${printable.slice(0, 80)}…` : printable;
}

function ruleOf(issue: Issue): string {
  if (issue.kind === 'validation') return issue.message;
  if (issue.expected === 'never') return 'is not a field of the contract';
  if (issue.received === 'undefined') return 'is required';
  return `must be ${inWords(issue.expected ?? 'something else')}`;
}

/** valibot's `(string | Object)` in the words of JSON. */
function inWords(expected: string): string {
  const kinds = expected.replace(/^\(|\)$/g, '').split(' | ');
  return kinds.map((kind) => kindNames[kind] ?? kind).join(' or ');
}

const kindNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  Array: 'an array',
  Object: 'an object',
};
