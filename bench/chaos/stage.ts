/**
 * Short time-outs, so that the lease of a killed sender ends soon, and fast retries. The sum of the SMTP phases and what
 * the sender keeps back for settling fills the function's time-out, as the stage config's rules want it.
 */
export const stageConfig = {
  relays: {
    primary: { weight: 3, maxConnections: 60, maxRecipients: 10 },
    secondary: { weight: 1, maxConnections: 60, maxRecipients: 10 },
  },
  sender: { maxConcurrency: 3, timeoutSeconds: 15 },
  smtp: { connectSeconds: 1, greetingSeconds: 1, commandSeconds: 3, finalReplySeconds: 2 },
  retry: { baseSeconds: 1, factor: 2, maxSeconds: 8, jitter: 0.2, maxAttempts: 20 },
  breaker: { coolDownSeconds: 1, maxCoolDownSeconds: 2 },
};
