import type { OutcomeEvent } from '../../lib/contracts/outcome-events.ts';
import { eventsOf } from '../../lib/events/outcomes.ts';
import { crashed } from '../../lib/ledger/crashes.ts';
import { settle } from '../../lib/ledger/transitions.ts';
import { acceptedBy, ada, bob, claimed, context, eve, facts, noon, rejectedBy } from './ledger/items.ts';

const held = { ...facts(), onUncertain: 'hold' } as const;
const unknownUser = {
  phase: 'rcpt',
  reused: false,
  reply: { code: 550, enhancedCode: '5.1.1', text: 'no such user' },
} as const;
const busy = { phase: 'rcpt', reused: false, reply: { code: 450, text: 'mailbox busy' } } as const;

const before = claimed();
const mixed = settle(
  before,
  facts(),
  {
    outcomes: new Map([
      [ada, acceptedBy('primary')],
      [bob, rejectedBy('primary', unknownUser)],
      [eve, { status: 'pending', relay: 'primary', failure: busy }],
    ]),
    charged: true,
    nextAttemptAt: noon + 30_000,
  },
  context(),
);

/** One event of every type. */
export const everyKind: readonly OutcomeEvent[] = [
  ...eventsOf(before, mixed, 'test'),
  ...eventsOf(before, crashed(before, held, context(noon + 300_000)), 'test'),
];
