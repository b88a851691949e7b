import { setImmediate as nextTurn } from 'node:timers/promises';
import { audit } from '../../../lib/audit/run.ts';
import { auditEveryMinutes } from '../../../lib/contracts/audit-environment.ts';
import type { BatchPorts } from '../../../lib/delivery/batch.ts';
import { freshBreaker } from '../../../lib/health/item.ts';
import { standingOf } from '../../../lib/health/standing.ts';
import { type RunPorts, runProbes } from '../../../lib/probe/run.ts';
import { type Credentials, createCredentials } from '../../../lib/relays/credentials.ts';
import { measureAudit } from '../../../lib/telemetry/audit-report.ts';
import { credentialsObserver } from '../../../lib/telemetry/credentials-observer.ts';
import { measureDelivery, measureOldest } from '../../../lib/telemetry/delivery-metrics.ts';
import { createLog } from '../../../lib/telemetry/log.ts';
import { measureProbe } from '../../../lib/telemetry/probe-report.ts';
import { createTelemetry } from '../../../lib/telemetry/telemetry.ts';
import type { AlarmState } from '../../../local/metrics/alarm-state.ts';
import { type QueueDepths, recordInvocation, recordQueue } from '../../../local/metrics/aws-metrics.ts';
import type { InvocationResult } from '../../../local/platform/invocation.ts';
import type { ResolvedStack } from '../../../local/template/resolve.ts';
import { ledgerPorts } from '../../support/audit.ts';
import { type Invocation, mail, Stage } from '../../support/delivery/stage.ts';
import { memoryHealthStore } from '../../support/health.ts';
import { memoryRuns } from '../../support/memory-runs.ts';
import { RehearsalCloudWatch } from './rehearsal-cloudwatch.ts';
import type { RehearsalRelays } from './rehearsal-relays.ts';

const minuteMs = 60_000;

/** As `cdk/audit.ts` makes them for the defaults of a stage. */
const auditSettings = { marginSeconds: 6 * 180 + 1800, maxAgeSeconds: 432_000 };

/**
 * A stage on a clock that a test drives: the delivery code between in-memory services, the probe code against relays on
 * this machine, and what both publish through the real telemetry as EMF into a local CloudWatch that holds the template's
 * alarms. Only what AWS itself publishes (queues, function) is made up, from what happens here.
 */
export class Rehearsal {
  readonly sender = new Stage();
  readonly health = memoryHealthStore();
  /** Mails that arrive every minute. */
  traffic = 0;
  /** Each of them was published so many milliseconds before it is received for the first time. */
  lateMs = 0;
  /** What the sender's invocations are given beyond their usual surroundings. */
  invocation: Invocation = {};
  /** What Lambda does instead of running the sender. */
  lambda: InvocationResult | undefined;
  durationMs = 200;
  /** The schedule of the probe function is enabled. */
  probing = false;
  /** The schedule of the audit function is enabled. */
  auditing = false;
  /** In which second after the start of its minute a run of the probe function ends and publishes; absent: when it does. */
  flushSecond: ((minute: number) => number) | undefined;
  /** Called while time passes. */
  meanwhile: () => void = () => {};
  /** What SQS says instead of the truth. */
  depths: QueueDepths | undefined;
  mappingEnabled = true;
  /** Batches of outcome events that Lambda has given up, in their queue. */
  eventsGivenUp = 0;
  readonly cloudWatch: RehearsalCloudWatch;
  readonly telemetry = createTelemetry({
    stage: 'test',
    clock: { now: () => this.flushAt ?? this.now },
    sink: (line) => this.cloudWatch.take(line, this.flushAt ?? this.now),
  });
  private flushAt: number | undefined;
  private readonly runs = memoryRuns();
  private readonly names: Readonly<Record<'intake' | 'deadLetters' | 'eventsFailed' | 'sender', string>>;
  private ports: RunPorts;
  private readonly relays: RehearsalRelays;
  private mails = 0;
  private minutes = 0;

  constructor(stack: ResolvedStack, relays: RehearsalRelays) {
    this.cloudWatch = new RehearsalCloudWatch(stack, this.now);
    const nameOf = (type: string, part: string) =>
      stack.resources.find((one) => one.type === type && one.logicalId.includes(part))?.name ?? '';
    this.names = {
      intake: nameOf('AWS::SQS::Queue', 'Intake'),
      deadLetters: nameOf('AWS::SQS::Queue', 'DeadLetters'),
      eventsFailed: nameOf('AWS::SQS::Queue', 'EventsFailures'),
      sender: nameOf('AWS::Lambda::Function', 'Sender'),
    };
    this.relays = relays;
    this.ports = { ...this.probePorts(relays), credentials: this.credentials() };
  }

  get now(): number {
    return this.sender.world.now;
  }

  state(id: string): AlarmState {
    return this.cloudWatch.state(id);
  }

  publish(overrides: object = {}, { agoMs = 0 } = {}): void {
    this.mails += 1;
    const { world } = this.sender;
    const now = world.now;
    world.now = now - agoMs;
    this.sender.publish(mail({ idempotencyKey: `mail-${this.mails}`, ...overrides }));
    world.now = now;
  }

  /** Lambda gives the probe function a new environment, which remembers nothing. */
  coldStart(): void {
    this.ports = { ...this.ports, credentials: this.credentials() };
  }

  /** One minute passes in which everything runs as it is set up, then the alarms are evaluated. */
  async minute(): Promise<void> {
    const end = this.now + minuteMs;
    for (let mails = 0; mails < this.traffic; mails += 1) this.publish({}, { agoMs: this.lateMs });
    await this.send();
    if (this.probing) await this.probe();
    if (this.auditing && this.minutes % auditEveryMinutes === 0) await this.audit();
    this.minutes += 1;
    this.measureQueues();
    this.telemetry.flush();
    this.sender.world.now = Math.max(end, this.now);
    this.cloudWatch.evaluate(this.now);
  }

  /** Minutes pass until the alarm is in that state. Rejects after so many. */
  async until(id: string, state: AlarmState, most: number): Promise<void> {
    for (let minute = 0; minute < most; minute += 1) {
      await this.minute();
      if (this.state(id) === state) return;
    }
    throw new Error(`${id} is not ${state} after ${most} minutes`);
  }

  private async send(): Promise<void> {
    this.sender.relays = this.ports.relays
      .filter((relay) => this.takesMail(relay))
      .map((relay) => ({ relay, maxRecipients: 100 }));
    while (this.mappingEnabled && this.visible > 0) {
      const { now } = this;
      const result: InvocationResult = this.lambda ?? { ok: true, payload: '' };
      if (this.lambda === undefined) await this.invoke();
      const invocation = {
        functionName: this.names.sender,
        startedAt: now,
        durationMs: this.durationMs,
        concurrent: 1,
      };
      recordInvocation({ ...invocation, result }, this.cloudWatch.store);
      if (this.lambda !== undefined) return;
    }
  }

  private async invoke(): Promise<void> {
    const { ports, ...others } = this.invocation;
    const disposed = await this.sender.invoke({
      ...others,
      ports: { ...ports, report: (event) => this.measure(event) },
    });
    if (disposed === 'died') return;
    measureOldest(disposed, this.now, this.telemetry);
    this.telemetry.flush();
  }

  private measure(event: Parameters<BatchPorts['report']>[0]): void {
    measureDelivery(event, this.telemetry);
  }

  private async probe(): Promise<void> {
    const begin = this.now;
    const done = await runProbes(this.now + minuteMs - 1000, this.ports);
    if (done === 'done') this.telemetry.count('ProbeRuns');
    this.flushAt = this.flushSecond === undefined ? undefined : begin + 1000 * this.flushSecond(this.minutes);
    this.telemetry.flush();
    this.flushAt = undefined;
  }

  private async audit(): Promise<void> {
    const { world } = this.sender;
    const report = await audit({
      ...ledgerPorts(world.ledger),
      intakeMessages: async () => world.queue.size,
      pause: async () => this.runs.item()?.pause,
      clock: { now: () => this.now },
      settings: auditSettings,
    });
    measureAudit(report, this.now, this.telemetry);
  }

  private get visible(): number {
    return [...this.sender.world.queue.values()].filter(({ visibleAt }) => visibleAt <= this.now).length;
  }

  private measureQueues(): void {
    const { queue, deadLetters } = this.sender.world;
    const record = (name: string, depths: QueueDepths, oldestSeconds = 0) =>
      recordQueue(name, this.now, { ...depths, oldestSeconds }, this.cloudWatch.store);
    const depths = this.depths ?? { visible: this.visible, hidden: queue.size - this.visible };
    // SQS leaves out what was received more than three times.
    const fresh = [...queue.values()].filter(({ receives }) => receives <= 3);
    record(this.names.intake, depths, Math.max(0, ...fresh.map(({ sentAt }) => (this.now - sentAt) / 1000)));
    record(this.names.deadLetters, { visible: deadLetters.length, hidden: 0 });
    record(this.names.eventsFailed, { visible: this.eventsGivenUp, hidden: 0 });
  }

  private takesMail(relay: string): boolean {
    const item = this.health.items.get(relay);
    return standingOf(item ?? {}, item?.breaker ?? freshBreaker, this.now, 0).kind !== 'out';
  }

  private credentials(): Credentials {
    const clock = { now: () => this.now };
    const log = createLog({ stage: 'test', clock, write: () => {} });
    const { names, secrets } = this.relays;
    return createCredentials({
      secrets,
      relays: Object.fromEntries(names.map((name) => [name, { secretId: name, allowPlaintext: true, maxSessions: 1 }])),
      clock,
      random: () => 0.5,
      fetchToken: async () => ({ ok: false, rejected: false, message: 'no token endpoint here' }),
      observer: credentialsObserver(this.telemetry, () => log),
    });
  }

  private probePorts({ names }: RehearsalRelays): Omit<RunPorts, 'credentials'> {
    const clock = { now: () => this.now };
    let ids = 0;
    return {
      relays: names,
      store: this.health,
      runs: this.runs,
      mapping: {
        uuid: 'mapping',
        state: async () => (this.mappingEnabled ? 'Enabled' : 'Disabled'),
        setEnabled: async (enabled) => {
          this.mappingEnabled = enabled;
        },
      },
      // The clock stands still while a relay answers: only one that refuses fails.
      settings: { intervalMs: 15_000, timeoutMs: 10_000, degradedMs: 5000, degradedWeight: 0.4, authIntervalMs: 3.6e6 },
      breaker: { failureThreshold: 3, messageRejectionThreshold: 10, coolDownSeconds: 60, maxCoolDownSeconds: 900 },
      clock,
      random: () => 0,
      newId: () => {
        ids += 1;
        return `id-${ids}`;
      },
      pause: async (ms) => {
        const at = this.now + ms;
        // The other relay's pause begins at the same moment.
        await nextTurn();
        this.sender.world.now = Math.max(this.now, at);
        this.meanwhile();
      },
      report: (event) => measureProbe(event, this.telemetry),
    };
  }
}
