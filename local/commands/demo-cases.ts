import type { RelayRule } from '../relays/rules.ts';

/** One message, or several copies of it, and what must become of them. */
export interface DemoCase {
  readonly title: string;
  /** Idempotency key; undefined when the message is too broken to have one. */
  readonly key?: string;
  /** SQS bodies in the order in which they are published. */
  readonly bodies: readonly string[];
  readonly expected: Expected;
}

export interface Expected {
  /** Copies in the mailbox by recipient; nobody else may have one. */
  readonly delivered: Readonly<Record<string, number>>;
  /** The relay that must have taken the delivered ones. */
  readonly by?: string;
  /** The relay that must have failed before. */
  readonly failedOverFrom?: string;
  /** Charged attempts at least. */
  readonly attempts?: number;
  /** The one dead-letter entry; absent: there must be none. */
  readonly deadLetter?: { readonly reason: string; readonly says: readonly string[] };
}

/** Relays of the demo. `offline` comes first for its sender domain, and its port is closed. */
export const demoConfig = {
  relays: {
    primary: { tier: 1 },
    offline: { tier: 0, fromDomains: ['failover.example'] },
  },
  sender: { maxConcurrency: 2 },
  retry: { baseSeconds: 1, factor: 2, maxSeconds: 4, jitter: 0.1, maxAttempts: 10 },
};

/** What `primary` does on purpose. */
export const primaryRules: readonly RelayRule[] = [
  {
    at: 'rcpt',
    recipient: 'greylisted',
    times: 1,
    action: { kind: 'reply', code: 451, text: '4.7.1 Greylisted, please try again later' },
  },
  { at: 'rcpt', recipient: 'nobody', action: { kind: 'reply', code: 550, text: '5.1.1 User unknown' } },
  {
    at: 'final',
    subject: 'Cheap pills',
    action: { kind: 'reply', code: 554, text: '5.7.1 Message refused: looks like spam' },
  },
  { at: 'final', recipient: 'doubt-resent', times: 1, action: { kind: 'drop', taken: false } },
  { at: 'final', recipient: 'doubt-held', times: 1, action: { kind: 'drop', taken: true } },
];

const domain = 'example.org';
const at = (name: string) => `${name}@${domain}`;

function mail(key: string, fields: Readonly<Record<string, unknown>>): { readonly key: string; readonly body: string } {
  const common = {
    idempotencyKey: key,
    from: 'Example Shop <shop@example.com>',
    text: 'Hello from the Postroom demo.',
  };
  return { key, body: JSON.stringify({ ...common, ...fields }) };
}

/** A case of one message that is published `copies` times. */
function one(title: string, message: ReturnType<typeof mail>, expected: Expected, copies = 1): DemoCase {
  return { title, key: message.key, bodies: Array.from({ length: copies }, () => message.body), expected };
}

export const demoCases: readonly DemoCase[] = [
  one(
    'delivered',
    mail('demo/delivered', {
      to: [at('ada')],
      subject: 'Your receipt',
      html: '<p>Hello from the <b>Postroom</b> demo.</p>',
    }),
    { delivered: { [at('ada')]: 1 }, by: 'primary' },
  ),
  one('greylisted, then delivered', mail('demo/greylisted', { to: [at('greylisted')], subject: 'Your order' }), {
    delivered: { [at('greylisted')]: 1 },
    by: 'primary',
    attempts: 2,
  }),
  one(
    'one of three recipients refused',
    mail('demo/three', { to: [at('bob'), at('nobody'), at('carol')], subject: 'To three people' }),
    {
      delivered: { [at('bob')]: 1, [at('carol')]: 1 },
      deadLetter: { reason: 'rejected', says: [at('nobody'), '550', '5.1.1'] },
    },
  ),
  one('refused for its content', mail('demo/content', { to: [at('dave')], subject: 'Cheap pills' }), {
    delivered: {},
    deadLetter: { reason: 'rejected', says: [at('dave'), '554', 'spam'] },
  }),
  one(
    'the same key twice',
    mail('demo/twice', { to: [at('erin')], subject: 'Only once' }),
    { delivered: { [at('erin')]: 1 } },
    2,
  ),
  one(
    'expired before it was sent',
    mail('demo/expired', { to: [at('frank')], subject: 'Too late', expiresAt: '2020-01-01T00:00:00Z' }),
    { delivered: {}, deadLetter: { reason: 'expired', says: [] } },
  ),
  {
    title: 'malformed',
    bodies: [JSON.stringify({ from: 'shop@example.com', to: [at('grace')], subjekt: 'A typo', text: 'Hi' })],
    expected: { delivered: {}, deadLetter: { reason: 'malformed', says: ['subjekt'] } },
  },
  one(
    'first relay is down',
    mail('demo/failover', { from: 'shop@failover.example', to: [at('heidi')], subject: 'By another way' }),
    { delivered: { [at('heidi')]: 1 }, by: 'primary', failedOverFrom: 'offline' },
  ),
  one(
    'in doubt, resent',
    mail('demo/resend', { to: [at('doubt-resent')], subject: 'Rather twice than never', onUncertain: 'resend' }),
    { delivered: { [at('doubt-resent')]: 1 }, by: 'primary', attempts: 2 },
  ),
  one(
    'in doubt, held',
    mail('demo/hold', { to: [at('doubt-held')], subject: 'Rather never than twice', onUncertain: 'hold' }),
    { delivered: { [at('doubt-held')]: 1 }, deadLetter: { reason: 'uncertain', says: [at('doubt-held')] } },
  ),
];
