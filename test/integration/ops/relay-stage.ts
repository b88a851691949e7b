import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CreateTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamoDbRelayHealth } from '../../../lib/health/health-store.ts';
import type { RelayHealthStore } from '../../../lib/health/item.ts';
import { claimStateDir } from '../../../local/commands/state-dir.ts';
import { createAwsClients } from '../../../local/platform/aws-clients.ts';
import { startEmulators } from '../../../local/platform/emulators.ts';

const command = fileURLToPath(new URL('../../../ops/relay/main.ts', import.meta.url));

/** Health table and secrets as a stage has them, and a state directory through which the command finds them. */
export interface RelayStage {
  readonly store: RelayHealthStore;
  setSecret(relay: string, value: string): Promise<void>;
  /** Puts something into the health table, whatever it is. */
  plant(item: Record<string, unknown>): Promise<void>;
  /** `npm run relay -- …args` against that stage. */
  relay(
    ...args: string[]
  ): Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }>;
  close(): Promise<void>;
}

export async function startRelayStage(relays: readonly string[]): Promise<RelayStage> {
  const emulators = await startEmulators();
  const clients = createAwsClients(emulators.endpoints);
  const tableName = 'health';
  await clients.dynamodb.send(
    new CreateTableCommand({
      TableName: tableName,
      KeySchema: [{ AttributeName: 'relay', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'relay', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  const arns = await Promise.all(
    relays.map(async (relay) => {
      const { ARN = '' } = await clients.secretsManager.send(new CreateSecretCommand({ Name: `stage/${relay}` }));
      return [relay, ARN] as const;
    }),
  );
  const outputs = { RelayHealthTableName: tableName, RelaySecretArns: JSON.stringify(Object.fromEntries(arns)) };
  const directory = await mkdtemp(join(tmpdir(), 'postroom-relay-'));
  const stateDir = await claimStateDir(directory);
  await stateDir.publish({ ...emulators.endpoints, outputs, mailbox: 'http://unused.invalid', defaultFrom: 'unused' });
  return {
    store: dynamoDbRelayHealth({ client: clients.dynamodb, tableName, onUnreadable: () => undefined }),
    setSecret: async (relay, SecretString) => {
      const SecretId = arns.find(([name]) => name === relay)?.[1];
      await clients.secretsManager.send(new PutSecretValueCommand({ SecretId, SecretString }));
    },
    plant: async (item) => {
      await clients.dynamodb.send(new PutItemCommand({ TableName: tableName, Item: marshall(item) }));
    },
    relay: async (...args) => {
      const child = spawn(process.execPath, [command, ...args, '--state-dir', directory], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const [stdout, stderr, [exitCode]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      return { exitCode, stdout, stderr };
    },
    close: async () => {
      clients.destroy();
      await emulators.close();
      await rm(directory, { recursive: true });
    },
  };
}
