import { strict as assert } from 'node:assert';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type Message, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type ScriptedRelay, startScriptedRelay } from '../support/scripted-relay.ts';
import { createCertificates } from '../support/tls.ts';
import { leaveOutUnemulated } from './emulable.ts';
import { cdk, type MiniStack, startMiniStack } from './ministack.ts';

/**
 * The example stage, deployed as a platform team would: `cdk bootstrap`, `cdk deploy`, secrets filled in, a message
 * published to the queue that the outputs name. AWS is an emulator, the relay speaks real bytes over STARTTLS.
 */
const { values } = parseArgs({ options: { ministack: { type: 'string', default: 'ministack' } } });

interface Deployed {
  readonly outputs: Readonly<Record<string, string>>;
  readonly relay: ScriptedRelay;
  readonly sqs: SQSClient;
}

async function deploy(stack: MiniStack, folder: string): Promise<Readonly<Record<string, string>>> {
  const outputsFile = join(folder, 'outputs.json');
  const assembly = join(folder, 'cdk.out');
  await cdk(['synth', '--quiet', '--output', assembly, '-c', 'stage=dev'], stack.environment);
  await leaveOutUnemulated(join(assembly, 'postroom-dev.template.json'));
  const options = ['--app', assembly];
  await cdk(['bootstrap', 'aws://000000000000/eu-west-1', ...options], stack.environment);
  await cdk(['diff', ...options], stack.environment);
  await cdk(['deploy', '--require-approval', 'never', '--outputs-file', outputsFile, ...options], stack.environment);
  const written: Record<string, Record<string, string>> = JSON.parse(await readFile(outputsFile, 'utf8'));
  return written['postroom-dev'] ?? {};
}

async function fillSecrets(
  outputs: Readonly<Record<string, string>>,
  secret: object,
  clients: { readonly secrets: SecretsManagerClient },
): Promise<void> {
  const arns: Record<string, string> = JSON.parse(outputs['RelaySecretArns'] ?? '{}');
  assert.deepEqual(Object.keys(arns).sort(), ['fallback', 'primary']);
  for (const SecretId of Object.values(arns)) {
    await clients.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(secret) }));
  }
}

async function publish({ sqs, outputs }: Deployed, key: string, to: string): Promise<void> {
  const body = { idempotencyKey: key, from: 'shop@example.com', to: [to], subject: key, text: 'Hello' };
  await sqs.send(new SendMessageCommand({ QueueUrl: outputs['IntakeQueueUrl'], MessageBody: JSON.stringify(body) }));
}

const tests: Readonly<Record<string, (deployed: Deployed) => Promise<void>>> = {
  async 'a published message arrives at the relay'(deployed) {
    await publish(deployed, 'order-1', 'ada@example.org');
    await within(
      60_000,
      deployed.relay.until((log) => log.messages.length === 1),
    );
    const [message] = deployed.relay.messages;
    assert.deepEqual(message?.recipients, ['RCPT TO:<ada@example.org>']);
    assert.match(message?.body.toString() ?? '', /^Subject: order-1\r$/m);
  },
  async 'a 4xx is retried after the backoff'(deployed) {
    const { relay } = deployed;
    const refusedAt: number[] = [];
    relay.script = {
      rcpt: ({ command }) => {
        if (!command.includes('greylisted@')) return undefined;
        refusedAt.push(Date.now());
        return refusedAt.length === 1
          ? { reply: '451 4.7.1 Greylisting in action, please come back later' }
          : undefined;
      },
    };
    await publish(deployed, 'order-2', 'greylisted@example.org');
    await within(
      120_000,
      relay.until((log) =>
        log.messages.some(({ recipients }) => recipients.some((command) => command.includes('greylisted@'))),
      ),
    );
    const [first = 0, second = 0] = refusedAt;
    assert.equal(refusedAt.length, 2);
    // The dev stage waits 30 s ± 20 %.
    assert.ok(second - first >= 23_000, `retried after ${second - first} ms`);
  },
  async 'a 5xx reaches the dead-letter queue and says why'(deployed) {
    deployed.relay.script = { rcpt: () => ({ reply: '550 5.1.1 <nobody@example.org>: user unknown' }) };
    await publish(deployed, 'order-3', 'nobody@example.org');
    const entry = await within(60_000, receive(deployed));
    assert.equal(JSON.parse(entry.Body ?? '{}').idempotencyKey, 'order-3');
    const attribute = (name: string): string => entry.MessageAttributes?.[name]?.StringValue ?? '';
    assert.equal(attribute('reason'), 'rejected');
    assert.equal(attribute('idempotencyKey'), 'order-3');
    assert.equal(attribute('attempts'), '1');
    for (const name of ['deadLetterId', 'firstSeenAt', 'failedAt', 'sourceMessageId'])
      assert.notEqual(attribute(name), '', name);
    const [recipient] = JSON.parse(attribute('detail')).recipients;
    assert.equal(recipient.address, 'nobody@example.org');
    assert.equal(recipient.code, 550);
    assert.equal(recipient.enhancedCode, '5.1.1');
    assert.equal(recipient.phase, 'rcpt');
  },
};

async function receive({ sqs, outputs }: Deployed): Promise<Message> {
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: outputs['DeadLetterQueueUrl'],
        WaitTimeSeconds: 5,
        MessageAttributeNames: ['All'],
      }),
    );
    const [entry] = Messages;
    if (entry !== undefined) return entry;
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = pause(ms, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`nothing happened within ${ms} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    controller.abort();
    late.catch(() => {});
  }
}

async function main(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'postroom-deploy-'));
  const stack = await startMiniStack(values.ministack);
  const certificates = await createCertificates();
  const { key, cert } = certificates.right;
  const relay = await startScriptedRelay({ tls: { mode: 'starttls', key, cert }, auth: ['PLAIN'] });
  let failed = 0;
  let passed = 0;
  try {
    const client = {
      endpoint: stack.endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    const outputs = await deploy(stack, folder);
    console.log('cdk bootstrap, diff and deploy succeeded; outputs:', Object.keys(outputs).join(', '));
    const secret = {
      host: relay.host,
      port: relay.port,
      tls: 'starttls',
      username: 'user',
      password: 'secret',
      ca: certificates.ca,
      servername: 'localhost',
    };
    await fillSecrets(outputs, secret, { secrets: new SecretsManagerClient(client) });
    const deployed = { outputs, relay, sqs: new SQSClient({ ...client, useQueueUrlAsEndpoint: false }) };
    for (const [name, test] of Object.entries(tests)) {
      try {
        await test(deployed);
        passed += 1;
        console.log(`ok   ${name}`);
      } catch (error) {
        failed += 1;
        console.log(`FAIL ${name}:`, error);
      }
    }
  } finally {
    await relay.close();
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed === Object.keys(tests).length ? 0 : 1;
}

process.exitCode = await main();
