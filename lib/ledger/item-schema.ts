import * as v from 'valibot';
import { deadLetterReasons } from '../contracts/dead-letter.ts';

const text = v.string();
const whole = v.pipe(v.number(), v.integer());
const optionalText = v.exactOptional(text);

const lease = v.looseObject({ owner: text, endsAt: whole, relay: text, inFlight: v.array(text) });

const recipient = v.looseObject({
  status: v.picklist(['pending', 'accepted', 'failed']),
  at: whole,
  relay: optionalText,
  code: v.exactOptional(whole),
  enhancedCode: optionalText,
  text: optionalText,
  phase: optionalText,
  doubts: v.exactOptional(whole),
  crashes: v.exactOptional(whole),
  triedAt: v.exactOptional(whole),
  deadLetterId: optionalText,
});

const deadLetter = v.looseObject({
  reason: v.picklist(deadLetterReasons),
  pending: v.boolean(),
  failedAt: whole,
  message: optionalText,
  senderTold: v.exactOptional(v.boolean()),
  bounceOwedSince: v.exactOptional(whole),
  neverWritten: v.exactOptional(v.boolean()),
});

/**
 * What stands in the table, checked when it is read: an item that somebody edited by hand must fail loudly, before mail
 * is sent on the strength of it. Unknown attributes are kept: a newer version may have written them.
 */
export const ledgerItem = v.looseObject({
  key: text,
  writeId: text,
  payloadHash: text,
  state: v.picklist(['sending', 'waiting', 'settled']),
  lease: v.exactOptional(lease),
  recipients: v.record(text, recipient),
  attempts: whole,
  crashes: whole,
  buildCrashes: v.exactOptional(whole),
  waits: v.exactOptional(whole),
  firstSeenAt: whole,
  nextAttemptAt: v.exactOptional(whole),
  lastRelay: optionalText,
  stayOnRelay: v.exactOptional(v.boolean()),
  deadLetters: v.record(text, deadLetter),
  delayNoticeAt: v.exactOptional(whole),
  delayedAt: v.exactOptional(whole),
  mailExpiresAt: v.exactOptional(whole),
  tags: v.exactOptional(v.record(text, text)),
  openShard: optionalText,
  dueAt: v.exactOptional(whole),
  changedAt: whole,
  ttl: whole,
});
