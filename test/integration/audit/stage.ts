import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { type AwsClients, createAwsClients } from '../../../local/platform/aws-clients.ts';
import { deployData } from '../../../local/platform/deploy.ts';
import { startEmulators } from '../../../local/platform/emulators.ts';
import { resolveTemplate } from '../../../local/template/resolve.ts';
import { parseTemplate } from '../../../local/template/template.ts';
import { synthesise } from '../../cdk/synth.ts';

const command = fileURLToPath(new URL('../../../ops/audit/main.ts', import.meta.url));

/** Tables and queues as the stack declares them, on emulators, and a state directory through which commands find them. */
export interface AuditStage {
  readonly aws: AwsClients;
  readonly outputs: Readonly<Record<string, string>>;
  put(...items: readonly LedgerItem[]): Promise<void>;
  /** `npm run audit -- …args` against that stage. */
  audit(
    ...args: string[]
  ): Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }>;
  counts(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export async function startAuditStage(): Promise<AuditStage> {
  const emulators = await startEmulators();
  const { accountId, endpoints } = emulators;
  const aws = createAwsClients(endpoints);
  const template = parseTemplate(JSON.parse(JSON.stringify(synthesise().toJSON())));
  const account = { accountId, region: endpoints.region, sqsEndpoint: endpoints.sqs };
  const stack = resolveTemplate(template, 'postroom-test', account);
  await deployData(stack, aws);
  const directory = await mkdtemp(join(tmpdir(), 'postroom-audit-'));
  await writeFile(join(directory, 'lock'), String(process.pid));
  const published = { ...endpoints, outputs: stack.outputs, mailbox: endpoints.s3, defaultFrom: 'shop@example.com' };
  await writeFile(join(directory, 'endpoints.json'), JSON.stringify(published));
  return {
    aws,
    outputs: stack.outputs,
    put: async (...items) => {
      for (const item of items) {
        const input = { TableName: stack.outputs['LedgerTableName'], Item: marshall(item) };
        await aws.dynamodb.send(new PutItemCommand(input));
      }
    },
    audit: async (...args) => {
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
    counts: emulators.counts,
    close: async () => {
      aws.destroy();
      await emulators.close();
      await rm(directory, { recursive: true });
    },
  };
}
