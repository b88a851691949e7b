import { readFile } from 'node:fs/promises';
import pc from 'picocolors';
import { CommandError, runCommand } from '../../ops/shared/command.ts';
import { readEndpoints } from '../../ops/shared/endpoints.ts';
import { type Followed, type FollowResult, follow } from './follow.ts';
import { identify } from './identity.ts';
import { type Content, parseSendOptions, type SendOptions, sendHelp } from './send-options.ts';
import { deployedTarget, localTarget, type Target } from './target.ts';

const exitCodes: Readonly<Record<FollowResult, number>> = { delivered: 0, failed: 1, unknown: 3 };

async function prepare(options: SendOptions): Promise<{ readonly target: Target; readonly body: string }> {
  const { queueUrl, content, stage, stateDir } = options;
  if (queueUrl !== undefined) return { target: await deployedTarget(queueUrl, stage), body: await bodyOf(content) };
  const endpoints = await readEndpoints(stateDir);
  return { target: localTarget(endpoints), body: await bodyOf(content, endpoints.defaultFrom) };
}

async function bodyOf(content: Content, defaultFrom?: string): Promise<string> {
  if ('fields' in content) return JSON.stringify({ from: defaultFrom, ...content.fields });
  return readFile(content.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`The message ${content.file} cannot be read: ${error.message}`, 2, { cause: error });
  });
}

async function send(target: Target, body: string, { timeoutMs }: SendOptions): Promise<number> {
  const started = performance.now();
  const print = (step: string) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
    console.log(`${pc.dim(`${seconds} s`)}  ${step}`);
  };
  const { sources } = target;
  const before = sources === undefined ? undefined : await ledgerBefore(body, sources.ledger);
  const { messageId } = await target.publish(body);
  const { key, payloadHash } = identify(body, messageId);
  print(`Published: SQS message ${messageId}, key ${key}`);
  if (sources === undefined) {
    print(`Not followed: ${target.reason ?? 'its stack is not known'}`);
    print(`Its fate will stand in the stage's ledger table under the key "${key}", or in the dead-letter queue`);
    return exitCodes.unknown;
  }
  const mail: Followed = {
    key,
    messageId,
    ...(payloadHash !== undefined && { payloadHash }),
    ...(before !== undefined && { before }),
  };
  const result = await follow(mail, sources, { timeoutMs, pollMs: target.pollMs, print });
  print(verdicts[result]);
  return exitCodes[result];
}

const verdicts: Readonly<Record<FollowResult, string>> = {
  delivered: pc.green('Delivered: every recipient was accepted by a relay'),
  failed: pc.red('Failed: see the dead-letter queue'),
  unknown: pc.yellow('Not known yet: the time to follow is over, Postroom goes on trying'),
};

/** What the ledger holds under the message's own key, when it has one: then this copy may be a duplicate. */
async function ledgerBefore(body: string, ledger: NonNullable<Target['sources']>['ledger']) {
  const unnamed = 'no-message-id-yet';
  const { key } = identify(body, unnamed);
  const item = key === unnamed ? undefined : await ledger.read(key);
  return item !== undefined && item.ttl * 1000 > Date.now() ? item : undefined;
}

await runCommand(async () => {
  const options = parseSendOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(sendHelp);
    return 0;
  }
  const { target, body } = await prepare(options);
  return send(target, body, options);
});
