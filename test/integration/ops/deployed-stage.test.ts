import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { closeServer, listenOnLoopback } from '../../../local/platform/loopback.ts';
import { type Ended, ended, put, root, type Stage, startStage } from './fixture.ts';

let stage: Stage;
let cloudFormationUrl: string;

/** CloudFormation's answer for the one stack it has, in the AWS query protocol. */
const cloudFormation = createServer((request, response) => {
  text(request).then((form) => {
    const name = new URLSearchParams(form).get('StackName');
    if (name !== 'postroom-prod') {
      const error = `<Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${name} does not exist</Message>`;
      response.writeHead(400, { 'content-type': 'text/xml' });
      response.end(`<ErrorResponse><Error>${error}</Error></ErrorResponse>`);
      return;
    }
    const outputs = {
      IntakeQueueUrl: stage.intakeUrl,
      DeadLetterQueueUrl: stage.deadLetterUrl,
      LedgerTableName: 'ledger',
    };
    const members = Object.entries(outputs).map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    const stack = `<member><StackName>postroom-prod</StackName><Outputs>${members.join('')}</Outputs></member>`;
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end(
      `<DescribeStacksResponse><DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult></DescribeStacksResponse>`,
    );
  });
});

beforeEach(async () => {
  stage = await startStage();
  cloudFormationUrl = await listenOnLoopback(cloudFormation);
});
afterEach(async () => {
  await closeServer(cloudFormation);
  await stage.close();
});

function dlqOfStage(name: string, ...args: string[]): Promise<Ended> {
  const { region, accessKeyId, secretAccessKey, sqs, dynamodb } = stage.emulators.endpoints;
  const env = {
    ...process.env,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL_SQS: sqs,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormationUrl,
  };
  const command = [join(root, 'ops/dlq/main.ts'), ...args, '--stage', name];
  return ended(spawn(process.execPath, command, { cwd: stage.directory, env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

it('finds the queues of a deployed stage through its stack', async () => {
  await put(stage, stage.deadLetterUrl, 'broken', { reason: 'malformed', deadLetterId: 'letter-1' });
  const { exitCode, stdout } = await dlqOfStage('prod', 'show', 'letter-1');
  expect(stdout).toContain('malformed. The message breaks the intake contract.');
  expect(exitCode).toBe(0);
});

it('says that there is no such stage', async () => {
  const { exitCode, stderr } = await dlqOfStage('qa', 'list');
  expect(stderr).toContain('The stack postroom-qa cannot be read: Stack with id postroom-qa does not exist');
  expect(exitCode).toBe(2);
});
