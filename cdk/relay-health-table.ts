import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { removal } from './removal.ts';

/** What all environments know together about each relay: one item per relay. It can be learnt again within minutes. */
export class RelayHealthTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, config: StageConfig) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'relay', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      deletionProtection: config.protectData,
      removalPolicy: removal(config),
    });
  }
}
