/** Lambda's own words for log levels, which its log filtering reads. */
export type LogLevel = 'INFO' | 'WARN' | 'ERROR';

interface LogEventDefinition {
  readonly level: LogLevel;
  readonly meaning: string;
}

/** Everything that the functions write to their logs. One line per mail and attempt, and lines for what happens beside mails. */
export const logEvents = {
  'mail.attempt': { level: 'INFO', meaning: 'One SMTP transaction ended: who was accepted, who was refused and why' },
  'mail.deferred': { level: 'INFO', meaning: 'Recipients stay pending after a charged attempt; tried again later' },
  'mail.waiting': {
    level: 'INFO',
    meaning: 'Put back without an attempt: in flight elsewhere, early, no relay, no time',
  },
  'mail.content-unavailable': {
    level: 'WARN',
    meaning: 'The message could not be built now, such as when S3 did not answer; the mail waits',
  },
  'mail.duplicate': { level: 'INFO', meaning: 'The ledger knows this mail as settled; the copy is dropped' },
  'mail.dead-lettered': { level: 'WARN', meaning: 'An entry was written to the dead-letter queue, with its reason' },
  'mail.bounce': { level: 'INFO', meaning: 'The sender of a failed or late mail was told, or a guard forbade it' },
  'mail.uncertain': { level: 'WARN', meaning: 'The outcome stayed unknown after the final dot' },
  'mail.crash-seen': { level: 'WARN', meaning: 'A lease had ended without an outcome: the sender died in this mail' },
  'relay.fault': { level: 'WARN', meaning: 'The relay, not the mail, is at fault; the next relay or a wait follows' },
  'relay.breaker-opened': { level: 'ERROR', meaning: 'The relay gets no mail until its cool-down has passed' },
  'relay.breaker-closed': { level: 'INFO', meaning: 'The relay takes mail again' },
  'relay.trial': { level: 'INFO', meaning: 'One mail tries a relay that failed before, or did not get to it' },
  'relay.health-unavailable': {
    level: 'WARN',
    meaning: 'The health table did not answer; what was known stays in force',
  },
  'relay.throttled': { level: 'WARN', meaning: 'The relay asks for less' },
  'relay.unconfigured': {
    level: 'ERROR',
    meaning: "The relay's secret is empty, a placeholder or invalid; it gets no mail",
  },
  'relay.credentials-refreshed': {
    level: 'INFO',
    meaning: "The relay's secret was fetched again and has a new version",
  },
  'relay.credentials-refused': {
    level: 'ERROR',
    meaning: 'The relay refused the log-in, also with the current secret',
  },
  'ledger.unavailable': { level: 'ERROR', meaning: 'The claim could not be written; nothing was sent, the mail waits' },
  'ledger.late-settle': { level: 'WARN', meaning: 'The outcome was settled after another copy had taken the lease' },
  'ledger.settle-failed': { level: 'ERROR', meaning: 'The outcome of a send could not be written to the ledger' },
  'queue.visibility-failed': { level: 'WARN', meaning: "SQS refused the backoff; the queue's default applies" },
  'queue.dead-letter-failed': {
    level: 'ERROR',
    meaning: 'The dead-letter queue took no entry; the mail stays in the queue',
  },
  'queue.bounce-failed': {
    level: 'ERROR',
    meaning: 'The intake queue took no bounce; it goes on being owed, and the mail that carries it stays in the queue',
  },
  'sender.no-notice': {
    level: 'WARN',
    meaning: 'Lambda will not say when it ends this process: its SMTP sessions will end without QUIT',
  },
  'probe.failed': {
    level: 'INFO',
    meaning: 'A probe in which the relay would not have taken a mail: phase and reason',
  },
  'probe.status-changed': { level: 'WARN', meaning: 'A relay became healthy, degraded or offline by its probes' },
  'probe.untold': { level: 'WARN', meaning: 'A relay could not be probed; what was known of it stays' },
  'probe.error': { level: 'ERROR', meaning: 'The health table or Lambda could not be asked; tried again soon' },
  'intake.paused': { level: 'WARN', meaning: 'No relay can take mail: the intake is paused, mail waits in the queue' },
  'intake.resumed': { level: 'INFO', meaning: 'A relay can take mail again: the intake runs' },
  'events.failed': {
    level: 'ERROR',
    meaning: 'An outcome event did not get to the bus; the change stream hands it out again',
  },
  'events.set-aside': {
    level: 'ERROR',
    meaning: 'A change of the ledger cannot be read, so no event tells of it; its place stands in the failures queue',
  },
  'audit.overdue': {
    level: 'WARN',
    meaning: 'The audit finds a forgotten mail: what is wrong with it, and since when',
  },
  'audit.done': {
    level: 'INFO',
    meaning: 'The audit is over: unfinished mails, findings by kind, depth of the queues',
  },
  'audit.failed': { level: 'ERROR', meaning: 'The audit could not read the ledger or the queues; it runs again soon' },
  unexpected: { level: 'ERROR', meaning: 'An error that nobody planned for; the mail is tried again later' },
} as const satisfies Readonly<Record<string, LogEventDefinition>>;

export type LogEventCode = keyof typeof logEvents;
