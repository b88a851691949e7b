import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';

/** SQS on loopback, in memory. */
export interface QueueService {
  readonly sqs: SQSClient;
  /** Creates a queue and gives its URL. */
  create(name: string): Promise<string>;
  /** Bodies of everything that is in the queue now; takes it out. */
  drain(queueUrl: string): Promise<string[]>;
  close(): Promise<void>;
}

export async function startQueues(): Promise<QueueService> {
  const app = buildApp({ logger: false });
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  const sqs = new SQSClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    useQueueUrlAsEndpoint: false,
  });
  return {
    sqs,
    create: async (name) => (await sqs.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl ?? '',
    drain: async (queueUrl) => {
      const bodies: string[] = [];
      for (;;) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
        );
        if (Messages.length === 0) return bodies;
        for (const { Body = '', ReceiptHandle } of Messages) {
          bodies.push(Body);
          await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
        }
      }
    },
    close: async () => {
      sqs.destroy();
      await app.close();
    },
  };
}
