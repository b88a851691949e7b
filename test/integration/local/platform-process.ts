/**
 * A program that runs a stack until its standard input ends, then closes it. Prints the function's process ids when one
 * of them is frozen and one is busy. Started by `process-end.test.ts`; its argument is the asset's directory.
 */
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { createAwsClients } from '../../../local/platform/aws-clients.ts';
import { runStack } from '../../../local/platform/platform.ts';
import { stackAround } from './stack.ts';

const seen: string[] = [];
const platform = await runStack(stackAround(process.argv[2] ?? '', { mapping: { BatchSize: 1 } }), {
  onLog: ({ line }) => {
    seen.push(line);
    if (seen.length === 2) console.log(JSON.stringify(platform.functions.flatMap((host) => host.pids())));
  },
});
const clients = createAwsClients(platform.endpoints);
for (const body of ['{"do":"wait","ms":300}', '{"do":"hang"}']) {
  await clients.sqs.send(new SendMessageCommand({ QueueUrl: platform.outputs['WorkUrl'], MessageBody: body }));
}
for await (const _ of process.stdin);
clients.destroy();
await platform.close();
