import { Stack } from 'aws-cdk-lib';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { removal } from './removal.ts';

/** One secret per relay: created here without a value, or an existing one that the config names. */
export class RelaySecrets extends Construct {
  /** Secret names by relay. Plain text, unlike the ARNs, so that synth knows how long the settings get. */
  readonly names: Readonly<Record<string, string>>;
  /** By relay. Of an existing secret the ARN lacks the random suffix, which every API call accepts. */
  readonly arns: Readonly<Record<string, string>>;
  /** The same as resources of an IAM policy. */
  readonly policyResources: readonly string[];

  constructor(scope: Construct, id: string, { stage, config }: { stage: string; config: StageConfig }) {
    super(scope, id);
    const secrets = Object.entries(config.relays).map(([relay, { secretName }]) =>
      secretName === undefined
        ? this.create(relay, `postroom/${stage}/${relay}`, config)
        : this.refer(relay, secretName),
    );
    this.names = Object.fromEntries(secrets.map(({ relay, name }) => [relay, name]));
    this.arns = Object.fromEntries(secrets.map(({ relay, arn }) => [relay, arn]));
    this.policyResources = secrets.map(({ resource }) => resource);
  }

  private create(relay: string, name: string, config: StageConfig) {
    // The low-level resource, because the usual one always generates a value, and a value in the template would
    // overwrite the real one on a later deploy.
    const secret = new CfnSecret(this, relay, { name, description: `Postroom: how to reach the SMTP relay ${relay}` });
    secret.applyRemovalPolicy(removal(config));
    return { relay, name, arn: secret.ref, resource: secret.ref };
  }

  private refer(relay: string, name: string) {
    const arn = Stack.of(this).formatArn({ service: 'secretsmanager', resource: `secret:${name}` });
    // Secrets Manager ends an ARN with a dash and six random characters.
    return { relay, name, arn, resource: `${arn}-??????` };
  }
}
