import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { unfinishedIndex } from '../lib/contracts/ledger-index.ts';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { removal } from './removal.ts';

/** What happened to every mail: one item per idempotency key (`lib/ledger/item.ts`). */
export class LedgerTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, config: StageConfig) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'key', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'ttl',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: config.protectData,
      removalPolicy: removal(config),
      ...(config.events.busName === undefined ? {} : { stream: StreamViewType.NEW_AND_OLD_IMAGES }),
    });
    // Keys only: a write that moves neither costs nothing here, and the audit reads what it finds from the table itself.
    this.table.addGlobalSecondaryIndex({
      indexName: unfinishedIndex.name,
      partitionKey: { name: unfinishedIndex.partitionKey, type: AttributeType.STRING },
      sortKey: { name: unfinishedIndex.sortKey, type: AttributeType.NUMBER },
      projectionType: ProjectionType.KEYS_ONLY,
    });
  }
}
