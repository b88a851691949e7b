import { type ISecurityGroup, type IVpc, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { StageConfig } from '../lib/contracts/stage-config.ts';

/**
 * Where functions run: in Lambda's own network, or in private subnets of a VPC, for relays that are reachable only
 * there or that admit a static egress address.
 */
export class Network extends Construct {
  /** What a function needs to be placed; empty outside of a VPC. */
  readonly placement: { readonly vpc?: IVpc; readonly securityGroups?: ISecurityGroup[] };
  /** What a function's role needs to be placed. */
  readonly statements: readonly PolicyStatement[];

  constructor(scope: Construct, id: string, network: StageConfig['network']) {
    super(scope, id);
    const { vpcId, availabilityZones, privateSubnetIds } = network;
    if (vpcId === null) {
      this.placement = {};
      this.statements = [];
      return;
    }
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones, privateSubnetIds });
    this.placement = { vpc, securityGroups: this.securityGroups(vpc, network.securityGroupIds) };
    this.statements = [
      new PolicyStatement({
        // Lambda makes these calls with the function's role, for interfaces that do not exist yet.
        actions: [
          'ec2:CreateNetworkInterface',
          'ec2:DescribeNetworkInterfaces',
          'ec2:DescribeSubnets',
          'ec2:DeleteNetworkInterface',
          'ec2:AssignPrivateIpAddresses',
          'ec2:UnassignPrivateIpAddresses',
        ],
        resources: ['*'],
      }),
    ];
  }

  private securityGroups(vpc: IVpc, ids: readonly string[]): ISecurityGroup[] {
    if (ids.length === 0) {
      return [new SecurityGroup(this, 'SecurityGroup', { vpc, description: 'Postroom: outbound to relays and AWS' })];
    }
    // Groups of other people's stacks: ours to use, not to change.
    return ids.map((id) => SecurityGroup.fromSecurityGroupId(this, id, id, { mutable: false }));
  }
}
