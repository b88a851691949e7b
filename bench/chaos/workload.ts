import type { Random } from '../../lib/platform/clock.ts';

/** One mail of the run, and what is published for it. */
export interface ChaosMail {
  /**
   * `sound`: must be accepted or dead-lettered for each recipient. `expired`: dead-lettered unsent. `malformed`: never
   * gets as far as the ledger. `rival`: shares its key with another mail of other content, so that one of the two loses.
   */
  readonly kind: 'sound' | 'expired' | 'malformed' | 'rival';
  /** Idempotency key; empty for a malformed mail. */
  readonly key: string;
  /** Of this mail alone, so that what arrives tells which mail it is. */
  readonly subject: string;
  /** Addresses of this mail alone. */
  readonly recipients: readonly string[];
  readonly body: string;
  /** What may happen to it after a doubtful delivery. */
  readonly onUncertain: 'resend' | 'hold';
  /** How often the body is published. */
  readonly copies: number;
}

/** `count` mails: some for several people, some that must not be resent, some published twice, a few bad ones. */
export function makeMails(count: number, random: Random): readonly ChaosMail[] {
  return Array.from({ length: count }, (_, index) => makeMail(index, random));
}

function makeMail(index: number, random: Random): ChaosMail {
  // Pairs of neighbours now and then.
  const kind = index % 200 < 2 ? 'rival' : kindFor(random());
  const name = String(index).padStart(6, '0');
  const key = kind === 'rival' ? `chaos/rival-${Math.floor(index / 2)}` : `chaos/${name}`;
  const recipients = Array.from({ length: recipientsFor(random()) }, (_, place) => `r${place}.${name}@chaos.example`);
  const subject = `mail ${name}`;
  const onUncertain = random() < 0.15 ? 'hold' : 'resend';
  const body = {
    idempotencyKey: key,
    from: 'Chaos <chaos@sender.example>',
    to: recipients,
    subject,
    text: `This is ${subject}.`,
    ...(onUncertain === 'hold' ? { onUncertain } : {}),
    ...(kind === 'expired' ? { expiresAt: '2020-01-01T00:00:00Z' } : {}),
    ...(kind === 'malformed' ? { subjekt: subject } : {}),
  };
  const copies = kind === 'sound' && random() < 0.06 ? 2 : 1;
  return {
    kind,
    key: kind === 'malformed' ? '' : key,
    subject,
    recipients,
    body: JSON.stringify(body),
    onUncertain,
    copies,
  };
}

function kindFor(chance: number): ChaosMail['kind'] {
  if (chance < 0.005) return 'malformed';
  return chance < 0.01 ? 'expired' : 'sound';
}

/** More than the relay takes in one transaction now and then. */
function recipientsFor(chance: number): number {
  if (chance < 0.01) return 15;
  return chance < 0.15 ? 3 : 1;
}

/** Everything to publish, in random order. */
export function shuffledBodies(mails: readonly ChaosMail[], random: Random): readonly string[] {
  return mails
    .flatMap(({ body, copies }) => Array.from({ length: copies }, () => ({ body, place: random() })))
    .sort((one, other) => one.place - other.place)
    .map(({ body }) => body);
}
