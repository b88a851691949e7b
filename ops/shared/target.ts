import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { StackOutput } from '../../lib/contracts/outputs.ts';
import { byConfiguredEndpoint } from '../../lib/platform/queue-endpoint.ts';
import { CommandError, errorText } from './command.ts';
import { type Endpoints, readEndpoints } from './endpoints.ts';

/** A running Postroom that a command works on: deployed, or on this machine. */
export interface Target {
  /** For people: `stage prod`, or `the local system in .postroom`. */
  readonly name: string;
  readonly sqs: SQSClient;
  readonly dynamoDb: DynamoDBClient;
  readonly secretsManager: SecretsManagerClient;
  /** Throws a CommandError when the stack lacks it: it was deployed by another version. */
  output(key: StackOutput): string;
  /** Closes the connections to it. */
  close(): void;
}

export interface TargetOptions {
  /** A deployed stage, found through its stack's outputs. Absent: the local system. */
  readonly stage?: string;
  readonly stateDir: string;
}

/** People wait for these commands: better an error in half a minute than a command that hangs. */
const requestHandler = { connectionTimeout: 5000, requestTimeout: 30_000 };

/** The deployed stage, or the local system by its state directory. Throws a CommandError (exit code 2) when it is not there. */
export async function resolveTarget({ stage, stateDir }: TargetOptions): Promise<Target> {
  if (stage !== undefined) return deployedStage(stage);
  return localSystem(await readEndpoints(stateDir), `the local system in ${stateDir}`);
}

/** The local system that published these endpoints. */
export function localSystem(endpoints: Endpoints, name: string): Target {
  const { region, accessKeyId, secretAccessKey, sqs, dynamodb, secretsManager, outputs } = endpoints;
  const common = { region, credentials: { accessKeyId, secretAccessKey }, requestHandler };
  const clients = {
    sqs: new SQSClient({ ...common, endpoint: sqs, ...byConfiguredEndpoint }),
    dynamoDb: new DynamoDBClient({ ...common, endpoint: dynamodb }),
    secretsManager: new SecretsManagerClient({ ...common, endpoint: secretsManager }),
  };
  return target(name, clients, outputs);
}

/**
 * A stage that is deployed where the AWS SDK's standard environment says (region, credentials, `AWS_ENDPOINT_URL`…); a
 * region that is given goes before the environment's. Throws a CommandError with exit code 2 when it is not there.
 */
export async function deployedStage(stage: string, region?: string): Promise<Target> {
  const stackName = `postroom-${stage}`;
  const common = { requestHandler, ...(region === undefined ? {} : { region }) };
  const cloudFormation = new CloudFormationClient(common);
  try {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stackName }));
    const outputs = (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]);
    const clients = {
      sqs: new SQSClient({ ...common, ...byConfiguredEndpoint }),
      dynamoDb: new DynamoDBClient(common),
      secretsManager: new SecretsManagerClient(common),
    };
    return target(`stage ${stage}`, clients, Object.fromEntries(outputs));
  } catch (error) {
    throw new CommandError(
      `The stack ${stackName} cannot be read: ${errorText(error)}\n` +
        'The AWS SDK takes account and region from its standard environment: AWS_PROFILE, AWS_REGION and so on.',
      2,
      { cause: error },
    );
  } finally {
    cloudFormation.destroy();
  }
}

function target(
  name: string,
  clients: Pick<Target, 'sqs' | 'dynamoDb' | 'secretsManager'>,
  outputs: Readonly<Record<string, string>>,
): Target {
  return {
    name,
    ...clients,
    output: (key) => {
      const value = outputs[key];
      if (value === undefined) throw new CommandError(`The stack has no output ${key}. Deploy it anew.`, 2);
      return value;
    },
    close: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}
