import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BatchPorts } from '../../../lib/delivery/batch.ts';
import type { RelayHealthEvent } from '../../../lib/health/events.ts';
import { dynamoDbRelayHealth } from '../../../lib/health/health-store.ts';
import { createRelayHealth } from '../../../lib/health/relay-health.ts';
import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import { createRelayDirectory } from '../../../lib/relays/directory.ts';
import { accept, contentRefused, fail, senderRefused } from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';
import { type HealthTable, healthTable } from '../../support/health-table.ts';
import { seeded } from '../../support/random.ts';

const names = ['first', 'second'];
const refusedSender = 'newcomer@example.net';
const mailCount = 60;

let table: HealthTable;
const writes: string[] = [];
beforeEach(async () => {
  table = await healthTable();
  writes.splice(0);
  table.onRequest((action) => {
    if (action === 'PutItem' || action === 'UpdateItem') writes.push(action);
  });
});
afterEach(() => table.close());

/** The sender with the real relay directory and health; one refusal that counted would open a breaker. */
function aSender(stage: Stage) {
  const clock = { now: () => stage.world.now };
  const setting = { secretId: 's', weight: 1, tier: 0, maxSessions: 4, maxRecipients: 50, allowPlaintext: true };
  const relays = Object.fromEntries(names.map((name) => [name, setting]));
  const seen: RelayHealthEvent[] = [];
  let ids = 0;
  const health = createRelayHealth({
    relays,
    store: dynamoDbRelayHealth({ ...table, patienceMs: 5000, onUnreadable: () => {} }),
    settings: { failureThreshold: 1, messageRejectionThreshold: 1, coolDownSeconds: 60, maxCoolDownSeconds: 900 },
    clock,
    random: seeded(5),
    newId: () => `health-${++ids}`,
    pause: async () => {},
    currentVersion: async () => '1',
    report: (event) => seen.push(event),
  });
  const directory = createRelayDirectory({
    relays,
    credentials: {
      get: async (relay) => ({
        ok: true,
        settings: { relay, version: '1', host: '127.0.0.1', port: 25, tls: 'none', maxSessions: 4 },
      }),
      refused: async () => 'same',
    },
    health,
    random: seeded(6),
  });
  return { health, directory, seen };
}

/** Both relays take everybody's mail but that of one sender. */
function relaysThatRefuse(failure: SmtpFailure, asked: string[]): BatchPorts['transport'] {
  return {
    acquire: async ({ relay }) => ({
      ok: true,
      session: {
        relay,
        reused: false,
        send: async ({ envelope, message }) => {
          if (envelope.from === refusedSender) asked.push(`${message} ${relay}`);
          return (envelope.from === refusedSender ? fail(failure) : accept())(envelope.to);
        },
        release() {},
      },
    }),
    async close() {},
  };
}

/** Alternating: a mail of a sender in good standing, a mail of the refused one. */
async function mixedTraffic(failure: SmtpFailure) {
  const stage = new Stage();
  const { health, directory, seen } = aSender(stage);
  const asked: string[] = [];
  const ports = { relays: directory, transport: relaysThatRefuse(failure, asked) };
  for (let index = 0; index < mailCount; index += 1) {
    const from = index % 2 === 0 ? 'shop@example.com' : refusedSender;
    stage.publish(mail({ idempotencyKey: `${index % 2 === 0 ? 'sound' : 'refused'}/${index}`, from }));
  }
  for (let turn = 0; turn < mailCount && stage.world.queue.size > 0; turn += 1) {
    stage.world.skipToNextVisible();
    await stage.invoke({ ports });
    await health.flush(stage.world.now + 10_000);
  }
  const kept = (kind: string) => [...stage.world.ledger.values()].filter(({ key }) => key.startsWith(`${kind}/`));
  return { stage, seen, asked, standings: await health.snapshot(), sound: kept('sound'), refused: kept('refused') };
}

describe('a sender that every relay refuses, among healthy traffic', () => {
  it('gets its mail back as rejected; no breaker moves, and everybody else’s mail is delivered', async () => {
    const { stage, seen, asked, standings, sound, refused } = await mixedTraffic(senderRefused);

    expect(stage.world.queue.size).toBe(0);
    expect(sound.map(({ recipients }) => Object.values(recipients).map(({ status }) => status))).toEqual(
      Array.from({ length: mailCount / 2 }, () => ['accepted']),
    );
    expect(refused.map(({ recipients }) => Object.values(recipients).map(({ status }) => status))).toEqual(
      Array.from({ length: mailCount / 2 }, () => ['failed']),
    );
    const entries = stage.world.deadLetters.map(
      ({ attributes }) => `${attributes.reason} ${attributes.idempotencyKey}`,
    );
    expect(entries.toSorted()).toEqual(refused.map(({ key }) => `rejected ${key}`).toSorted());
    // Each relay was asked, once, before the mail was given up.
    expect(asked.toSorted()).toEqual(refused.flatMap(({ key }) => names.map((name) => `${key} ${name}`)).toSorted());
    expect(seen).toEqual([]);
    expect(Object.fromEntries(standings)).toEqual({
      first: { kind: 'available', factor: 1 },
      second: { kind: 'available', factor: 1 },
    });
    expect(writes).toEqual([]);
  });

  it('unlike one whose content is refused, which does count', async () => {
    const { seen } = await mixedTraffic(contentRefused);

    expect(seen.map(({ type }) => type)).toContain('breaker-opened');
    expect(writes.length).toBeGreaterThan(0);
  });
});
