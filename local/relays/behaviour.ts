/**
 * Where in a session an embedded relay can be told to misbehave. `data` is before the 354, where it can only drop the
 * connection; `final` is after the final dot.
 */
export type Moment =
  | { readonly at: 'connect' }
  | { readonly at: 'auth' }
  | { readonly at: 'mail'; readonly from: string }
  | { readonly at: 'rcpt'; readonly recipient: string }
  | { readonly at: 'data'; readonly recipients: readonly string[] }
  | { readonly at: 'final'; readonly recipients: readonly string[]; readonly subject: string };

/** What the relay does instead of its usual reply. */
export type Action =
  | { readonly kind: 'accept' }
  /** A reply of its own; `text` starts with the enhanced status code (RFC 3463) where there is one. */
  | { readonly kind: 'reply'; readonly code: number; readonly text: string }
  /** Ends the TCP connection without a reply. `taken`: the mail of a `final` moment is delivered all the same. */
  | { readonly kind: 'drop'; readonly taken: boolean }
  /** Goes on as usual, later. */
  | { readonly kind: 'delay'; readonly ms: number };

/** Decides what a relay does; asked once per moment, in the order things happen. */
export type Behaviour = (moment: Moment) => Action;

export const accept: Action = { kind: 'accept' };

export const wellBehaved: Behaviour = () => accept;

/** What a decision can be counted by: the people it concerns. */
export function subjectOf(moment: Moment): string {
  switch (moment.at) {
    case 'connect':
    case 'auth':
      return '';
    case 'mail':
      return moment.from;
    case 'rcpt':
      return moment.recipient;
    default:
      return [...moment.recipients].sort().join(',');
  }
}
