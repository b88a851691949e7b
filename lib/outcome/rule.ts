import type { Classification, NetworkErrorKind, Phase, Scope, SmtpFailure } from './outcome.ts';

/**
 * One line of the table that says what a failure means. Every condition that is present must hold; the first rule of the
 * ordered list that matches decides.
 */
export interface Rule {
  readonly name: string;
  readonly phases?: readonly Phase[];
  /** Only on a session that had carried a transaction before. */
  readonly reused?: true;
  /** Present: the rule is about errors of these kinds. Absent: it is about replies. */
  readonly errorKinds?: readonly NetworkErrorKind[];
  readonly codes?: readonly number[];
  /** Tested against the failure's line (`line.ts`), where addresses and other quotes are blank. */
  readonly text?: RegExp;
  /** What must not match, tested like `text`. */
  readonly except?: RegExp;
  readonly scope: Scope;
  /** `by-code`: permanent when the reply is 5xx. */
  readonly permanent: boolean | 'by-code';
  readonly trait?: NonNullable<Classification['trait']>;
  readonly sample: Sample;
}

/** The failure that a rule was written for, as it was seen on the wire. */
export type Sample = { readonly phase: Phase; readonly reused?: true } & (
  | { readonly reply: string }
  | { readonly error: NetworkErrorKind; readonly message: string }
);

export const transaction = ['mail', 'rcpt', 'data', 'body', 'final-reply'] as const satisfies readonly Phase[];
export const beforeBody = ['mail', 'rcpt', 'data'] as const satisfies readonly Phase[];
/** Where a refusal can only be about us, or about the sender. */
export const beforeRecipients = ['greeting', 'ehlo', 'starttls', 'auth', 'mail'] as const satisfies readonly Phase[];
/** Where the relay has seen at least one recipient. */
export const withRecipients = ['rcpt', 'data', 'body', 'final-reply'] as const satisfies readonly Phase[];
export const withContent = ['data', 'body', 'final-reply'] as const satisfies readonly Phase[];

/** Whether every condition holds; `line` is what `lineOf` makes of the failure. */
export function matches(rule: Rule, failure: SmtpFailure, line: string): boolean {
  if (rule.phases !== undefined && !rule.phases.includes(failure.phase)) return false;
  if (rule.reused === true && !failure.reused) return false;
  if (failure.reply === undefined) {
    if (rule.errorKinds?.includes(failure.error.kind) !== true) return false;
  } else if (rule.errorKinds !== undefined || rule.codes?.includes(failure.reply.code) === false) {
    return false;
  }
  return rule.text?.test(line) !== false && rule.except?.test(line) !== true;
}
