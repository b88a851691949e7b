import type { SenderEnvironment } from '../../lib/contracts/sender-environment.ts';

/** Of the relay, at a time. */
export const sessions = 5;

/** A stage with one relay, which speaks plaintext. */
export function environment(): SenderEnvironment {
  return {
    POSTROOM_STAGE: 'bench',
    POSTROOM_INTAKE_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/000000000000/intake',
    POSTROOM_DEAD_LETTER_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/000000000000/dead-letters',
    POSTROOM_LEDGER_TABLE: 'ledger',
    POSTROOM_RELAY_HEALTH_TABLE: 'health',
    POSTROOM_SETTINGS: {
      relays: {
        only: { secretId: 'only', weight: 1, tier: 0, maxSessions: sessions, maxRecipients: 100, allowPlaintext: true },
      },
      allowedFromDomains: [],
      attachmentBuckets: [],
      maxMessageBytes: 26_214_400,
      maxBytesInFlight: 200_000_000,
      smtp: { connectSeconds: 10, greetingSeconds: 30, commandSeconds: 60, finalReplySeconds: 120 },
      breaker: { failureThreshold: 3, messageRejectionThreshold: 10, coolDownSeconds: 60, maxCoolDownSeconds: 900 },
      retry: { baseSeconds: 30, factor: 2, maxSeconds: 3600, jitter: 0.2, maxAttempts: 200, maxAgeSeconds: 432_000 },
    },
  };
}
