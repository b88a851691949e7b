import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStageConfig } from '../../../lib/contracts/stage-config.ts';
import { primaryRules } from '../../../local/commands/demo-cases.ts';
import { type LocalSystem, startSystem } from '../../../local/commands/system.ts';
import { type AwsClients, createAwsClients } from '../../../local/platform/aws-clients.ts';
import { scripted } from '../../../local/relays/rules.ts';
import { readEndpoints } from '../../../ops/shared/endpoints.ts';
import { type ConsoleClient, openConsole } from '../../support/console-client.ts';

let stateDir: string;
let system: LocalSystem;
let url: string;
let page: ConsoleClient;
let clients: AwsClients;
let sqs: SQSClient;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'postroom-console-'));
  system = await startSystem({
    stage: 'dev',
    config: readStageConfig({ relays: { primary: {} }, sender: { maxConcurrency: 2 } }),
    stateDir,
    behaviours: { primary: scripted(primaryRules) },
    console: { timeScale: 10 },
  });
  url = system.consoleUrl ?? '';
  page = openConsole(url);
  clients = createAwsClients(system.endpoints);
  ({ sqs } = clients);
}, 120_000);
afterAll(async () => {
  page?.close();
  clients?.destroy();
  await system?.close();
  await rm(stateDir, { recursive: true, force: true });
});

async function publish(body: object | string): Promise<void> {
  const MessageBody = typeof body === 'string' ? body : JSON.stringify({ from: 'shop@example.com', ...body });
  await sqs.send(new SendMessageCommand({ QueueUrl: system.endpoints.outputs['IntakeQueueUrl'], MessageBody }));
}

describe('the console of a running system', { timeout: 60_000 }, () => {
  it('is announced with the other endpoints', async () => {
    expect(await readEndpoints(stateDir)).toBeDefined();
    expect(system.endpoints).toMatchObject({ console: url });
    expect(await (await fetch(url)).text()).toContain('<title>Postroom console</title>');
  });

  it('shows a delivered mail, in a document that can do nothing, and tells its story', async () => {
    await publish({
      idempotencyKey: 'k/1',
      to: ['ada@example.org'],
      subject: 'Hello',
      html: '<p>Hi <script>1</script></p>',
    });

    const mail = await page.until(
      ({ state }) => state?.mailbox.mails.find(({ subject }) => subject === 'Hello'),
      30_000,
    );
    const document = await fetch(`${url}/mails/${mail.id}`);
    const story = await (await fetch(`${url}/api/story?key=k%2F1`)).json();

    expect(mail).toMatchObject({ to: ['ada@example.org'], relay: 'primary' });
    expect(document.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(document.headers.get('content-security-policy')).toContain('sandbox');
    expect(await document.text()).toContain('<p>Hi');
    expect(story).toMatchObject({ summary: expect.stringContaining('Delivered to its recipient') });
    expect((await fetch(`${url}/api/story?key=nobody`)).status).toBe(404);
    expect((await fetch(`${url}/mails/999`)).status).toBe(404);
  });

  it('shows dead letters with their reasons in words', async () => {
    await publish({ idempotencyKey: 'k/2', to: ['nobody@example.org'], subject: 'Refused', text: 'x' });
    await publish('{"subjekt": "a typo"}');

    const entries = await page.until(
      ({ state }) => (state?.deadLetters.total === 2 ? state.deadLetters.entries : undefined),
      30_000,
    );

    expect(entries).toContainEqual(
      expect.objectContaining({
        key: 'k/2',
        title: 'Refused',
        reason: 'rejected',
        why: ['A relay refused it for good.', expect.stringContaining('nobody@example.org: 550 5.1.1 User unknown')],
      }),
    );
    expect(entries).toContainEqual(
      expect.objectContaining({ reason: 'malformed', title: 'A message that cannot be read' }),
    );
  });

  it('shows mail that waits, and until when', async () => {
    await publish({ idempotencyKey: 'k/3', to: ['greylisted@example.org'], subject: 'Later', text: 'x' });

    const entry = await page.until(
      ({ state }) => state?.intake.entries.find(({ visibleAt = 0 }) => visibleAt > Date.now()),
      30_000,
    );

    expect(entry).toMatchObject({ key: 'k/3', title: 'Later', recipients: ['greylisted@example.org'] });
  });

  it('drains a relay and enables it again as the command does', async () => {
    const standing = (word: string) =>
      page.until(({ state }) => state?.relays.find((one) => one.standing.includes(word)), 20_000);
    const drained = await (await page.post('/api/relays/primary', { command: 'drain', reason: 'to see it' })).json();
    expect(drained).toEqual({ said: expect.stringContaining('draining for another 24h: to see it') });
    expect(await standing('draining')).toMatchObject({ level: 'bad', override: expect.stringContaining('to see it') });

    await page.post('/api/relays/primary', { command: 'enable' });
    expect(await standing('gets mail')).toMatchObject({ level: 'good', override: 'none' });
  });

  it.each([
    ['an unknown relay', '/api/relays/nobody', { command: 'drain' }, 400, 'There is no relay "nobody"'],
    ['an unknown command', '/api/relays/primary', { command: 'probe' }, 400, '"drain" | "disable"'],
    ['an unknown incident', '/api/simulation/primary', { incident: 'fire' }, 400, '"down"'],
    ['too many mails', '/api/mails', { count: 1000 }, 400, '<=100'],
    ['nothing known', '/api/nothing', {}, 404, 'Not found'],
  ])('refuses %s in words', async (_what, path, body, status, says) => {
    const response = await page.post(path, body);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(says);
  });

  it('answers nobody who comes by another name, and changes nothing for another site', async () => {
    const asked = (headers: Readonly<Record<string, string>>, method = 'GET') =>
      new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
        const sent = request(`${url}/api/relays/primary`, { method, headers }, (response) => {
          void text(response).then((body) => resolve({ status: response.statusCode, body }));
        });
        sent.on('error', reject).end(method === 'POST' ? '{"command":"drain"}' : undefined);
      });
    expect(await asked({ host: 'console.attacker.example' })).toMatchObject({ status: 403 });
    const json = { 'content-type': 'application/json' };
    expect(await asked({ ...json, origin: 'https://attacker.example' }, 'POST')).toMatchObject({ status: 403 });
    expect(await asked({ ...json, host: new URL(url).host }, 'POST')).toMatchObject({ status: 403 });
    const state = await page.until((seen) => seen.state, 10_000);
    expect(state.relays[0]?.override).toBe('none');
  });
});
