import type { ScriptedRelay } from '../../support/scripted-relay.ts';
import type { GatedStack } from './gated-stack.ts';

/** A marked point on a mail's way, how to stop a sender there, and what must be true after it was killed. */
export interface Point {
  readonly name: string;
  readonly onUncertain?: 'hold';
  /** What the relay answers to the recipient: otherwise it takes the mail. */
  readonly relay?: 'refuses' | 'defers once' | 'stalls at RCPT' | 'stalls after the final dot';
  /** Resolves when the sender has reached the point and stands still there. */
  stop(scene: { readonly stack: GatedStack; readonly relay: ScriptedRelay; readonly address: string }): Promise<void>;
  readonly expected: {
    /** Final dots that the relay saw. */
    readonly copies: number;
    /** RCPT commands that the relay saw. */
    readonly asked: number;
    readonly crashes: number;
    /** Reasons of the entries in the dead-letter queue, repeats included. */
    readonly deadLetters: readonly string[];
  };
}

type Stop = Point['stop'];

/** The ledger's write of that mail in that state: `sending` is the claim, the others settle it. */
const write =
  (at: 'request' | 'reply', state: 'sending' | 'waiting' | 'settled'): Stop =>
  ({ stack, address }) =>
    stack.dynamodb.hold({
      at,
      matches: ({ action, body }) => {
        if (action !== 'PutItem') return false;
        const { Item } = JSON.parse(body);
        return Item.key.S === keyOf(address) && Item.state.S === state;
      },
    });

const queueCall =
  (at: 'request' | 'reply', wanted: 'SendMessage' | 'ChangeMessageVisibilityBatch'): Stop =>
  ({ stack, address }) =>
    stack.sqs.hold({
      at,
      // The visibility call names nobody; nothing else is on its way when a test waits for it.
      matches: ({ action, body }) => action === wanted && (action !== 'SendMessage' || body.includes(address)),
    });

export const keyOf = (address: string): string => `crash/${address}`;

const once = { copies: 1, asked: 1, crashes: 0, deadLetters: [] } as const;
const neverTaken = { copies: 0, asked: 1, crashes: 0 } as const;

/** Points of one mail's own way: many mails can stand at one each in the same process. */
export const mailPoints: readonly Point[] = [
  { name: 'before the claim', stop: write('request', 'sending'), expected: once },
  { name: 'after the claim', stop: write('reply', 'sending'), expected: { ...once, crashes: 1 } },
  {
    name: 'in the conversation, before the body',
    relay: 'stalls at RCPT',
    stop: ({ relay, address }) =>
      relay.until(({ connections }) =>
        connections.some(({ commands }) => commands.some((line) => line.includes(address))),
      ),
    expected: { ...once, asked: 2, crashes: 1 },
  },
  {
    name: 'after the final dot, before the 250',
    relay: 'stalls after the final dot',
    stop: untilTaken,
    expected: { copies: 2, asked: 2, crashes: 1, deadLetters: [] },
  },
  {
    name: 'after the final dot, before the 250, of a mail that must not be resent',
    onUncertain: 'hold',
    relay: 'stalls after the final dot',
    stop: untilTaken,
    expected: { copies: 1, asked: 1, crashes: 1, deadLetters: ['uncertain'] },
  },
  {
    name: 'after the 250, before the settle',
    stop: write('request', 'settled'),
    expected: { copies: 2, asked: 2, crashes: 1, deadLetters: [] },
  },
  {
    name: 'after the 250, before the settle, of a mail that must not be resent',
    onUncertain: 'hold',
    stop: write('request', 'settled'),
    expected: { copies: 1, asked: 1, crashes: 1, deadLetters: ['uncertain'] },
  },
  {
    name: 'after the settle, before the dead-letter queue',
    relay: 'refuses',
    stop: write('reply', 'settled'),
    expected: { ...neverTaken, deadLetters: ['rejected'] },
  },
  {
    name: 'after the dead-letter queue, before the ledger knows',
    relay: 'refuses',
    stop: queueCall('reply', 'SendMessage'),
    expected: { ...neverTaken, deadLetters: ['rejected', 'rejected'] },
  },
  {
    name: 'after the settle of a delivered mail, before the response',
    stop: write('reply', 'settled'),
    expected: once,
  },
];

function untilTaken({ relay, address }: Parameters<Stop>[0]): Promise<void> {
  return relay.until(({ messages }) =>
    messages.some(({ recipients }) => recipients.some((to) => to.includes(address))),
  );
}

/** Points at the end of a batch: one after the other, each with a process of its own. */
export const batchPoints: readonly Point[] = [
  {
    name: 'after the settle, before the visibility change',
    relay: 'defers once',
    stop: queueCall('request', 'ChangeMessageVisibilityBatch'),
    expected: { ...once, asked: 2 },
  },
  {
    name: 'after the visibility change, before the response',
    relay: 'defers once',
    stop: queueCall('reply', 'ChangeMessageVisibilityBatch'),
    expected: { ...once, asked: 2 },
  },
];
