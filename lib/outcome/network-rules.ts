import { beforeBody, type Rule } from './rule.ts';

/** What went wrong when no reply came, or none that is SMTP. */
export const networkRules: readonly Rule[] = [
  {
    // The one doubtful moment of SMTP: the relay may have taken the mail (RFC 1047).
    name: 'final-reply-lost',
    phases: ['final-reply'],
    errorKinds: ['closed', 'timeout', 'deadline', 'protocol', 'tls', 'refused', 'dns', 'unavailable', 'incapable'],
    scope: 'uncertain',
    permanent: false,
    sample: { phase: 'final-reply', error: 'closed', message: 'Connection closed unexpectedly' },
  },
  {
    // Nobody was given a fair time to answer, so nobody is to blame.
    name: 'cut-short',
    errorKinds: ['deadline'],
    scope: 'session',
    permanent: false,
    sample: { phase: 'ehlo', error: 'deadline', message: 'no answer within 300 ms' },
  },
  {
    name: 'mail-exceeds-announced-size',
    errorKinds: ['incapable'],
    text: /size|too (big|large)/i,
    scope: 'message',
    permanent: true,
    trait: 'size',
    sample: { phase: 'mail', error: 'incapable', message: 'Message size larger than allowed 10485760' },
  },
  {
    // The scope `sender` is what tries every other relay first and dead-letters only when none can.
    name: 'relay-lacks-extension',
    errorKinds: ['incapable'],
    scope: 'sender',
    permanent: true,
    sample: { phase: 'mail', error: 'incapable', message: 'Relay does not offer SMTPUTF8' },
  },
  {
    name: 'kept-session-closed',
    phases: beforeBody,
    reused: true,
    errorKinds: ['closed'],
    scope: 'session',
    permanent: false,
    sample: { phase: 'mail', reused: true, error: 'closed', message: 'read ECONNRESET' },
  },
  {
    // A NAT gateway forgets idle connections silently: the first command of a thawed environment gets no answer at all.
    name: 'kept-session-silent',
    phases: ['mail'],
    reused: true,
    errorKinds: ['timeout'],
    scope: 'session',
    permanent: false,
    sample: { phase: 'mail', reused: true, error: 'timeout', message: 'no answer within 10000 ms' },
  },
  {
    // In `body` too: without the final dot nothing can have been accepted (RFC 5321 §4.1.1.4).
    name: 'network-fault',
    errorKinds: ['dns', 'refused', 'timeout', 'closed', 'tls', 'protocol', 'unavailable'],
    scope: 'relay',
    permanent: false,
    sample: { phase: 'connect', error: 'timeout', message: 'Connection timeout' },
  },
];
