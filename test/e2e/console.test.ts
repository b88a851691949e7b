import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readStageConfig } from '../../lib/contracts/stage-config.ts';
import { demoCases, primaryRules } from '../../local/commands/demo-cases.ts';
import { type LocalSystem, startSystem } from '../../local/commands/system.ts';
import { createAwsClients } from '../../local/platform/aws-clients.ts';
import { scripted } from '../../local/relays/rules.ts';
import { type ConsoleClient, openConsole, type Seen } from '../support/console-client.ts';

let stateDir: string;
let system: LocalSystem;
let page: ConsoleClient;
const problems: string[] = [];

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'postroom-console-'));
  system = await startSystem({
    stage: 'demo',
    config: readStageConfig({
      relays: { primary: {}, fallback: {} },
      sender: { maxConcurrency: 2 },
      retry: { baseSeconds: 1, factor: 2, maxSeconds: 4, jitter: 0.1 },
      breaker: { coolDownSeconds: 5, maxCoolDownSeconds: 10 },
    }),
    stateDir,
    behaviours: { primary: scripted(primaryRules), fallback: scripted(primaryRules) },
    console: { timeScale: 10 },
    onProblem: (problem) => problems.push(problem),
  });
  page = openConsole(system.consoleUrl ?? '');
}, 120_000);
afterAll(async () => {
  page?.close();
  await system?.close();
  await rm(stateDir, { recursive: true, force: true });
});

const alarm = (id: string, wanted: 'ALARM' | 'OK') => (seen: Seen) =>
  seen.state?.alarms.find((one) => one.id === id && one.state === wanted);

it('shows data in every widget after traffic like that of the demo, and the alarm of a relay that is down', {
  timeout: 400_000,
}, async () => {
  const clients = createAwsClients(system.endpoints);
  const QueueUrl = system.endpoints.outputs['IntakeQueueUrl'];
  for (const MessageBody of demoCases.flatMap(({ bodies }) => bodies)) {
    await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  for (const relay of ['primary', 'fallback']) {
    const id = `RelayOffline-${relay}`;
    await page.until(alarm(id, 'OK'), 60_000);
    expect(await (await page.post(`/api/simulation/${relay}`, { incident: 'down' })).json()).toEqual({ said: '' });
    // Mails open the breaker of one relay. That of the other stays closed: only probes find out about it.
    if (relay === 'primary') await page.post('/api/mails', { count: 40 });
    await page.until(alarm(id, 'ALARM'), 120_000);
    await page.post(`/api/simulation/${relay}`, { incident: 'none' });
    await page.until(alarm(id, 'OK'), 120_000);
  }
  clients.destroy();

  const { widgets } = await page.layout();
  const empty = ({ graphs }: Seen) =>
    graphs?.flatMap((data, index) => {
      const widget = widgets[index];
      const hasData = data?.values.some((line) => line.some((value) => value !== null)) ?? true;
      return hasData || widget?.kind !== 'graph' ? [] : [widget.title];
    });
  await page.until((seen) => (empty(seen)?.length === 0 ? true : undefined), 30_000).catch(() => {});
  expect(await page.until(empty, 1000)).toEqual([]);
  const { state } = await page.until((seen) => (seen.state === undefined ? undefined : seen), 1000);
  expect(state?.deadLetters.entries.map(({ reason }) => reason).sort()).toEqual(
    expect.arrayContaining(['expired', 'malformed', 'rejected', 'uncertain']),
  );
  expect(problems).toEqual([]);
});
