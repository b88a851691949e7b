import { bounceHeader } from '../../../lib/bounce/report.ts';
import type { BatchPorts } from '../../../lib/delivery/batch.ts';
import { type Answer, closed, contentRefused, fail, temporaryFailure } from '../../support/delivery/answers.ts';
import { bounceSettings } from '../../support/failed-mail.ts';
import type { Rehearsal } from './rehearsal.ts';
import type { RehearsalRelays } from './rehearsal-relays.ts';

type Deed = (rehearsal: Rehearsal, relays: RehearsalRelays) => void | Promise<void>;

/** What makes an alarm go off, and what clears it. */
export interface Incident {
  /** Before the quiet minutes. */
  readonly prepare?: (rehearsal: Rehearsal) => void;
  readonly begins: Deed;
  readonly repair: Deed;
}

const answering =
  (answer: Answer): Deed =>
  ({ sender }) => {
    sender.answers['primary'] = Array.from({ length: 500 }, () => answer);
  };
const well: Deed = ({ sender }) => {
  sender.answers['primary'] = [];
};

const withPorts =
  (ports: Partial<BatchPorts>): Deed =>
  (rehearsal) => {
    rehearsal.invocation = { ports };
  };
const usualPorts: Deed = (rehearsal) => {
  rehearsal.invocation = {};
};

const publish =
  (overrides: object, { times = 1, agoMs = 0 } = {}): Deed =>
  (rehearsal) => {
    for (let mail = 0; mail < times; mail += 1) rehearsal.publish(overrides, { agoMs });
  };

/** A mail is deferred once, and somebody deletes its message. */
const losesMessage =
  (idempotencyKey: string): Deed =>
  async (rehearsal) => {
    const { queue } = rehearsal.sender.world;
    const before = new Set(queue.keys());
    rehearsal.sender.answers['primary'] = [fail(temporaryFailure)];
    rehearsal.publish({ idempotencyKey });
    rehearsal.traffic = 0;
    await rehearsal.minute();
    for (const id of queue.keys()) if (!before.has(id)) queue.delete(id);
    rehearsal.traffic = 1;
  };

const all =
  (...deeds: readonly Deed[]): Deed =>
  async (rehearsal, relays) => {
    for (const deed of deeds) await deed(rehearsal, relays);
  };

const probing = (rehearsal: Rehearsal) => {
  rehearsal.probing = true;
};
const auditing = (rehearsal: Rehearsal) => {
  rehearsal.auditing = true;
};
const relaysUp =
  (up: boolean, ...names: readonly string[]): Deed =>
  (_, relays) => {
    for (const name of names) relays.setUp(name, up);
  };
const secret =
  (relay: string, kind: Parameters<RehearsalRelays['setSecret']>[1]): Deed =>
  (_, relays) =>
    relays.setSecret(relay, kind);

const outage = (...names: readonly string[]): Incident => ({
  prepare: probing,
  begins: relaysUp(false, ...names),
  repair: relaysUp(true, ...names),
});
const wrongPassword = (relay: string): Incident => ({
  prepare: probing,
  begins: secret(relay, 'wrong-password'),
  repair: secret(relay, 'right'),
});
/** Whoever knows a secret that was valid goes on with it. */
const placeholder = (relay: string): Incident => ({
  prepare: probing,
  begins: all(secret(relay, 'placeholder'), (rehearsal) => rehearsal.coldStart()),
  repair: secret(relay, 'right'),
});
/** Entries that come once; the alarm clears when no more do. */
const deadLetters = (...deeds: readonly Deed[]): Incident => ({ begins: all(...deeds), repair: all(well, usualPorts) });

const lambda =
  (change: Partial<Pick<Rehearsal, 'lambda' | 'durationMs'>>): Deed =>
  (rehearsal) =>
    void Object.assign(rehearsal, change);
const lambdaFails = (kind: 'timeout' | 'throttled'): Deed => lambda({ lambda: { ok: false, kind, message: kind } });

const minutes = 60_000;
const hours = 60 * minutes;
const patient = withPorts({
  retry: { baseSeconds: 30, factor: 2, maxSeconds: 3600, jitter: 0, maxAttempts: 200, maxAgeSeconds: 432_000 },
});
const ledgerDown = withPorts({
  ledger: {
    read: () => Promise.reject(new Error('away')),
    write: () => Promise.reject(new Error('away')),
  },
});
const deadLetterQueueDown = withPorts({ deadLetters: { send: () => Promise.reject(new Error('AccessDenied')) } });
/** Every send ends the process; other mails would die before it, as what has crashed once goes last. */
const crashing: Deed = (rehearsal) => {
  rehearsal.traffic = 0;
  rehearsal.invocation = { crash: [{ effect: 'send', when: 'before', incident: 'die' }] };
};

/** A bounce of ours whose return path takes no mail. */
const noReturnPath = withPorts({
  bounces: {
    settings: bounceSettings,
    publish: async () => ({ kind: 'suppressed', why: 'nobody-failed' }),
    checkReturnPath: async () => ({ kind: 'invalid', reason: 'has no mail server' }),
  },
});
const bounceText = `From: MAILER-DAEMON@example.com\r\nTo: shop@example.com\r\n${bounceHeader}: failed\r\n\r\nFailed.\r\n`;
const bounce = {
  from: undefined,
  to: undefined,
  subject: undefined,
  text: undefined,
  raw: { content: Buffer.from(bounceText).toString('base64') },
  envelope: { from: '', to: ['shop@example.com'] },
};

/** By the alarm's name in the template, without the stage. */
export const rehearsals: Readonly<Record<string, Incident>> = {
  MailNotGoingOut: outage('primary', 'fallback'),

  NothingDelivered: { begins: answering(fail(temporaryFailure)), repair: well },
  QueueNotConsumed: {
    begins: (rehearsal) => {
      rehearsal.mappingEnabled = false;
    },
    repair: (rehearsal) => {
      rehearsal.mappingEnabled = true;
    },
  },
  OldestUndeliveredAge: {
    begins: all(patient, answering(fail(temporaryFailure)), publish({}, { agoMs: 4.1 * hours })),
    repair: well,
  },
  MailForgotten: {
    prepare: auditing,
    begins: losesMessage('forgotten'),
    // What the runbook says: the publisher sends it again with the same key.
    repair: publish({ idempotencyKey: 'forgotten' }),
  },
  QueueWaitLong: {
    begins: (rehearsal) => {
      rehearsal.lateMs = 20 * minutes;
    },
    repair: (rehearsal) => {
      rehearsal.lateMs = 0;
    },
  },
  InFlightNearLimit: {
    begins: (rehearsal) => {
      rehearsal.depths = { visible: 0, hidden: 100_000 };
    },
    repair: (rehearsal) => {
      rehearsal.depths = undefined;
    },
  },
  IntakePaused: outage('primary', 'fallback'),
  UncertainDeliveries: deadLetters(answering(fail(closed('final-reply'))), publish({}, { times: 3 })),
  LedgerFailing: { begins: all(ledgerDown, publish({}, { times: 3 })), repair: usualPorts },

  AllRelaysOffline: outage('primary', 'fallback'),
  'TierOffline-0': outage('primary'),
  'TierOffline-1': outage('fallback'),
  'RelayOffline-primary': outage('primary'),
  'RelayOffline-fallback': outage('fallback'),
  'RelayUnconfigured-primary': placeholder('primary'),
  'RelayUnconfigured-fallback': placeholder('fallback'),
  'CredentialsRejected-primary': wrongPassword('primary'),
  'CredentialsRejected-fallback': wrongPassword('fallback'),

  DeadLetterQueueNotEmpty: {
    begins: publish({ to: 'nobody' }),
    repair: ({ sender }) => {
      sender.world.deadLetters.splice(0);
    },
  },
  DeadLetterQueueFailing: {
    begins: all(deadLetterQueueDown, publish({ to: 'nobody' })),
    repair: usualPorts,
  },
  DeadLettersRejected: deadLetters(answering(fail(contentRefused)), publish({}, { times: 20 })),
  DeadLettersExpired: deadLetters(publish({ expiresAt: '2020-01-01T00:00:00Z' })),
  DeadLettersExhausted: deadLetters(answering(fail(temporaryFailure)), publish({}, { agoMs: 121 * hours })),
  DeadLettersInvalid: deadLetters(publish({ to: 'nobody' })),
  DeadLettersUncertain: deadLetters(answering(fail(closed('final-reply'))), publish({ onUncertain: 'hold' })),
  DeadLettersPoison: deadLetters(crashing, publish({})),
  DeadLettersBounceUndeliverable: deadLetters(noReturnPath, publish(bounce)),

  SenderErrors: { begins: lambdaFails('timeout'), repair: lambda({ lambda: undefined }) },
  SenderThrottles: { begins: lambdaFails('throttled'), repair: lambda({ lambda: undefined }) },
  SenderNearTimeout: { begins: lambda({ durationMs: 175_000 }), repair: lambda({ durationMs: 200 }) },
  ProbeNotRunning: {
    prepare: probing,
    begins: (rehearsal) => {
      rehearsal.probing = false;
    },
    repair: probing,
  },
  AuditNotRunning: {
    prepare: auditing,
    begins: (rehearsal) => {
      rehearsal.auditing = false;
    },
    repair: auditing,
  },
  EventsGivenUp: {
    // As Lambda does once a change is 12 hours old, and a person who purges the queue.
    begins: (rehearsal) => {
      rehearsal.eventsGivenUp = 1;
    },
    repair: (rehearsal) => {
      rehearsal.eventsGivenUp = 0;
    },
  },
  TelemetrySilent: {
    begins: (rehearsal) => {
      rehearsal.cloudWatch.pipeline = false;
    },
    repair: (rehearsal) => {
      rehearsal.cloudWatch.pipeline = true;
    },
  },
};
