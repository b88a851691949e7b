import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { closeServer, listenOnLoopback } from '../../local/platform/loopback.ts';

export interface HealthTable {
  readonly client: DynamoDBClient;
  readonly endpoint: string;
  readonly tableName: string;
  /** `action` is the API's name, such as PutItem. */
  onRequest(listener: (action: string) => void): void;
  onAnswer(listener: (answer: TableAnswer) => void): void;
  close(): Promise<void>;
}

/** A request as the emulator saw it, at the moment of its answer. */
export interface TableAnswer {
  readonly action: string;
  readonly body: string;
  readonly ok: boolean;
}

export interface HealthTableOptions {
  /** Requests wait up to so many milliseconds before they are worked on, so that they overlap. */
  readonly slowestMs?: number;
}

/** The relay health table of the stack, on an emulator of its own. */
export async function healthTable({ slowestMs = 0 }: HealthTableOptions = {}): Promise<HealthTable> {
  const dynamoDb = dynalite({ createTableMs: 0 });
  const server = createServer((request, response) => {
    const work = (): void => {
      dynamoDb.emit('request', request, response);
      // It throws, and so ends this process, when a client goes away in the middle of a request.
      request.removeAllListeners('error').on('error', () => {});
    };
    if (slowestMs === 0) work();
    else setTimeout(work, Math.random() * slowestMs);
  });
  const endpoint = await listenOnLoopback(server);
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    endpoint,
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
    endpoint,
    tableName,
    onRequest: (listener) => void server.on('request', (request) => listener(actionOf(request))),
    onAnswer: (listener) =>
      void dynamoDb.on('request', (request: IncomingMessage, response: ServerResponse) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('finish', () =>
          listener({
            action: actionOf(request),
            body: Buffer.concat(chunks).toString(),
            ok: response.statusCode === 200,
          }),
        );
      }),
    close: () => {
      client.destroy();
      return closeServer(server);
    },
  };
}

function actionOf({ headers }: IncomingMessage): string {
  return String(headers['x-amz-target']).split('.')[1] ?? '';
}
