import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';

export interface HealthTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** `action` is the API's name, such as PutItem. */
  onRequest(listener: (action: string) => void): void;
  close(): Promise<void>;
}

/** The relay health table of the stack, on an emulator of its own. */
export async function healthTable(): Promise<HealthTable> {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const tableName = 'relay-health';
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      AttributeDefinitions: [{ AttributeName: 'relay', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'relay', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  return {
    client,
    tableName,
    onRequest: (listener) =>
      server.on('request', ({ headers }) => listener(String(headers['x-amz-target']).split('.')[1] ?? '')),
    close: () =>
      new Promise((resolve) => {
        client.destroy();
        server.close(() => resolve());
      }),
  };
}
