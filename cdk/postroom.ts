import type { Rule } from 'aws-cdk-lib/aws-events';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { Alarms } from './alarms.ts';
import { Audit } from './audit.ts';
import { Dashboard } from './dashboard.ts';
import { Discovery } from './discovery.ts';
import { OutcomeEvents, type Subscription } from './events.ts';
import { LedgerTable } from './ledger-table.ts';
import { Network } from './network.ts';
import { Probe } from './probe.ts';
import { admitConfigured, admitPublisher, type Publisher } from './publishers.ts';
import { Queues } from './queues.ts';
import { RelayHealthTable } from './relay-health-table.ts';
import { RelaySecrets } from './relay-secrets.ts';
import { Sender } from './sender.ts';
import { Tracing } from './tracing.ts';

export interface PostroomProps {
  /** Lower-case letters, digits and dashes; part of the names that people look for. */
  readonly stage: string;
  readonly config: StageConfig;
}

/** Everything that sends mail for one stage. Put it into a stack of yours, or deploy it as {@link PostroomStack}. */
export class Postroom extends Construct {
  /**
   * The intake queue as a target for other stacks' rules and topics. Using it opens nothing, and makes no stack depend
   * on another in a circle; `grantPublish` opens the queue.
   */
  readonly intakeQueue: IQueue;
  readonly queues: Queues;
  readonly ledger: LedgerTable;
  readonly relayHealth: RelayHealthTable;
  readonly secrets: RelaySecrets;
  readonly sender: Sender;
  readonly alarms: Alarms;
  readonly dashboard: Dashboard;
  readonly probe: Probe;
  /** Absent: the stage tells nobody. */
  readonly events?: OutcomeEvents;
  private readonly stage: string;

  constructor(scope: Construct, id: string, { stage, config }: PostroomProps) {
    super(scope, id);
    this.stage = stage;
    this.queues = new Queues(this, 'Queues', { stage, config });
    this.ledger = new LedgerTable(this, 'Ledger', config);
    this.relayHealth = new RelayHealthTable(this, 'RelayHealth', config);
    this.secrets = new RelaySecrets(this, 'RelaySecrets', { stage, config });
    const { queues, secrets } = this;
    const network = new Network(this, 'Network', config.network);
    const relayHealth = this.relayHealth.table;
    const ledger = this.ledger.table;
    this.sender = new Sender(this, 'Sender', { stage, config, network, queues, ledger, relayHealth, secrets });
    const { mapping } = this.sender;
    this.probe = new Probe(this, 'Probe', { stage, config, network, relayHealth, secrets, mapping });
    const sending = this.sender.function;
    const { busName } = config.events;
    if (busName !== undefined) this.events = new OutcomeEvents(this, 'Events', { stage, config, busName, ledger });
    const eventsFailed = this.events?.failures;
    const watched = { stage, intake: queues.intake, deadLetters: queues.deadLetters, eventsFailed, sender: sending };
    this.alarms = new Alarms(this, 'Alarms', { config, watched });
    const { alarms } = this;
    this.dashboard = new Dashboard(this, 'Dashboard', { config, watched, alarms, logs: sending.logGroup });
    if (config.audit.enabled) new Audit(this, 'Audit', { stage, config, ledger, relayHealth, queues });
    new Tracing(this, 'Tracing', { stage, config });
    new Discovery(this, 'Discovery', { stage, intake: this.queues.intake });
    admitConfigured(this.queues.intake, config.publishers);
    const { queueArn, queueUrl } = this.queues.intake;
    this.intakeQueue = Queue.fromQueueAttributes(this, 'IntakeQueue', { queueArn, queueUrl });
  }

  /** Lets a function, role, EventBridge rule or SNS topic, also one of another stack, put mail on the intake queue. */
  grantPublish(publisher: Publisher): void {
    admitPublisher(this.queues.intake, publisher);
  }

  /**
   * A rule that gives outcome events of this stage to a target: `Email Failed` to a queue that opens tickets, for example
   * (docs/events/README.md). The rule stands in the target's stack. Throws when the stage config names no bus.
   */
  onOutcome(scope: Construct, id: string, subscription: Subscription): Rule {
    if (this.events === undefined) throw new Error('onOutcome: the stage config names no bus (events.busName)');
    return this.events.subscribe(scope, id, this.stage, subscription);
  }
}
