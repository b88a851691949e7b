import { beforeEach, describe, expect, it } from 'vitest';
import type { FindingKind } from '../../../lib/audit/judge.ts';
import { type AuditPorts, type AuditReport, audit } from '../../../lib/audit/run.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { indexed } from '../../../lib/ledger/unfinished.ts';
import { ledgerPorts } from '../../support/audit.ts';
import { fail, lostAfterTheDot, mailboxBusy, unknownUser } from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

const settings = { marginSeconds: 2880, maxAgeSeconds: 432_000 };
const hour = 3_600_000;

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});

function look(changes: Partial<AuditPorts> = {}): Promise<AuditReport> {
  const { world } = stage;
  return audit({
    ...ledgerPorts(world.ledger),
    intakeMessages: async () => world.queue.size,
    pause: async () => undefined,
    clock: { now: () => world.now },
    settings,
    ...changes,
  });
}

/** The message is gone, and time passes. */
function forget(ms = hour): void {
  stage.world.queue.clear();
  stage.world.now += ms;
}

async function waitingMail(): Promise<LedgerItem> {
  stage.publish(mail({ idempotencyKey: 'waits' }));
  stage.answers['primary'] = [fail(mailboxBusy)];
  await stage.invoke();
  return stage.item('waits');
}

async function owingMail(): Promise<LedgerItem> {
  stage.publish(mail({ idempotencyKey: 'owes' }));
  stage.answers['primary'] = [fail(unknownUser)];
  await stage.invoke({ crash: [{ effect: 'dead-letter', nth: 1, when: 'before', incident: 'die' }] });
  return stage.item('owes');
}

const kinds = ({ findings }: AuditReport): FindingKind[] => findings.map(({ kind }) => kind);

/** Each forgotten mail, and how it comes to be. */
const planted: Readonly<Record<FindingKind, () => Promise<void>>> = {
  unreadable: async () => {
    stage.answers['primary'] = [fail(mailboxBusy)];
    await stage.invoke();
    stage.world.ledger.set('order-1', JSON.parse(JSON.stringify({ ...stage.item('order-1'), attempts: 'many' })));
    forget();
  },
  'attempt-overdue': async () => {
    stage.answers['primary'] = [fail(mailboxBusy)];
    await stage.invoke();
    forget();
  },
  'lease-ended': async () => {
    stage.answers['primary'] = [fail(mailboxBusy)];
    await stage.invoke();
    stage.world.skipToNextVisible();
    await stage.invoke({ crash: [{ effect: 'send', nth: 1, when: 'before', incident: 'die' }] });
    forget();
  },
  'uncertain-unresolved': async () => {
    stage.answers['primary'] = [fail(lostAfterTheDot)];
    await stage.invoke();
    forget();
  },
  'window-passed': async () => {
    stage.answers['primary'] = [fail(mailboxBusy)];
    await stage.invoke();
    forget(6 * 24 * hour);
  },
  'dead-letter-pending': async () => {
    stage.answers['primary'] = [fail(unknownUser)];
    await stage.invoke({ crash: [{ effect: 'dead-letter', nth: 1, when: 'before', incident: 'die' }] });
    forget();
  },
  'bounce-missing': async () => {
    stage.answers['primary'] = [fail(unknownUser)];
    await stage.invoke();
    const item = stage.item('order-1');
    const untold = Object.entries(item.deadLetters).map(([id, record]) => [
      id,
      { ...record, bounceOwedSince: stage.world.now },
    ]);
    stage.world.ledger.set('order-1', indexed({ ...item, deadLetters: Object.fromEntries(untold) }));
    forget();
  },
  'dead-letter-missing': async () => {
    stage.answers['primary'] = [fail(unknownUser)];
    await stage.invoke();
    stage.world.ledger.set('order-1', indexed({ ...stage.item('order-1'), deadLetters: {} }));
    forget();
  },
};

describe('the audit', () => {
  it.each(Object.entries(planted))('finds: %s', async (kind, plant) => {
    stage.publish(mail());
    await plant();

    const report = await look();

    expect(kinds(report)).toEqual([kind]);
    expect(report.findings[0]).toMatchObject({ key: 'order-1', since: expect.any(Number) });
    expect(stage.world.now - (report.findings[0]?.since ?? 0)).toBeGreaterThanOrEqual(2_880_000);
  });

  it('says nothing before the margin is over', async () => {
    stage.publish(mail());
    stage.answers['primary'] = [fail(mailboxBusy)];
    await stage.invoke();
    forget(45 * 60_000);

    expect(kinds(await look())).toEqual([]);
  });

  it('finds first sends that were cut short, and misses their messages', async () => {
    for (let index = 0; index < 10; index += 1) stage.publish(mail({ idempotencyKey: `order-${index}` }));
    await stage.invoke({ crash: [{ effect: 'send', nth: 10, when: 'before', incident: 'die' }] });
    forget();

    const report = await look();

    const cutShort = report.findings.map(({ key }) => key);
    expect(new Set(kinds(report))).toEqual(new Set(['lease-ended']));
    expect(report.findings.every(({ mayHaveIt }) => mayHaveIt)).toBe(true);
    expect(cutShort.length).toBeGreaterThan(5);
    expect(report).toMatchObject({ unfinished: cutShort.length, missingFromQueue: cutShort.length });
  });

  it('finds a first send that was cut short also after its message was looked at again', async () => {
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'send', nth: 1, when: 'before', incident: 'die' }] });
    stage.world.now += hour;
    stage.relays = [];
    await stage.invoke();
    forget(2 * hour);

    expect(kinds(await look())).toEqual(['uncertain-unresolved']);
  });

  it('tells of mail that may have been delivered; published again on hold, nobody gets it twice', async () => {
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'send', nth: 1, when: 'after', incident: 'die' }] });
    forget();
    expect((await look()).findings).toMatchObject([{ kind: 'lease-ended', mayHaveIt: true }]);

    stage.publish(mail({ onUncertain: 'hold' }));
    await stage.later();

    expect(stage.sent).toHaveLength(1);
    expect(stage.world.deadLetters).toMatchObject([{ attributes: { reason: 'uncertain' } }]);
    expect((await look()).findings).toEqual([]);
  });

  it('reports the others when one cannot be read', async () => {
    stage.answers['primary'] = Array.from({ length: 30 }, () => fail(mailboxBusy));
    for (let index = 0; index < 30; index += 1) stage.publish(mail({ idempotencyKey: `order-${index}` }));
    for (let turn = 0; turn < 3; turn += 1) await stage.invoke();
    stage.world.ledger.set('order-7', JSON.parse(JSON.stringify({ ...stage.item('order-7'), recipients: 'all' })));
    forget();

    const found = kinds(await look());

    expect(found).toHaveLength(30);
    expect(found.filter((kind) => kind === 'unreadable')).toHaveLength(1);
  });

  it('fails when the ledger does not answer: half an audit would say that all is well', async () => {
    stage.publish(mail());
    stage.answers['primary'] = [fail(mailboxBusy)];
    await stage.invoke();
    forget();

    await expect(look({ ledger: { read: () => Promise.reject(new Error('throttled')) } })).rejects.toThrow('throttled');
  });

  it('does not call mail forgotten that waits for a paused intake, but tells what is wrong otherwise', async () => {
    stage.publish(mail());
    stage.answers['primary'] = [fail(mailboxBusy), fail(unknownUser)];
    await stage.invoke();
    stage.publish(mail({ idempotencyKey: 'order-2' }));
    await stage.invoke({ crash: [{ effect: 'dead-letter', nth: 1, when: 'before', incident: 'die' }] });
    forget();

    const report = await look({ pause: async () => ({ since: stage.world.now - 60_000 }) });

    expect(report.findings).toMatchObject([{ key: 'order-2', kind: 'dead-letter-pending' }]);
    expect(report.pause).toEqual({ since: stage.world.now - 60_000 });
  });

  it('reads what is owed first, a few at a time, and not every mail of a long pause', async () => {
    const waiting = await waitingMail();
    const owing = await owingMail();
    stage.world.ledger.clear();
    for (let index = 0; index < 15_000; index += 1) {
      const key = `waiting-${index}`;
      stage.world.ledger.set(key, indexed({ ...waiting, key }));
    }
    stage.world.ledger.set('owing', indexed({ ...owing, key: 'owing' }));
    forget();
    const { ledger } = ledgerPorts(stage.world.ledger);
    let [reads, open, most] = [0, 0, 0];
    const read = async (key: string) => {
      reads += 1;
      open += 1;
      most = Math.max(most, open);
      const item = await ledger.read(key);
      open -= 1;
      return item;
    };

    const report = await look({ ledger: { read }, pause: async () => ({ since: stage.world.now - 60_000 }) });

    expect(report.findings).toMatchObject([{ key: 'owing', kind: 'dead-letter-pending' }]);
    expect(report.truncated).toBe(true);
    expect(reads).toBeLessThanOrEqual(10_000);
    expect(most).toBe(20);
  });

  it('gives mail that came due in a pause a margin from its end on', async () => {
    await waitingMail();
    const since = stage.world.now + 60_000;
    forget(5 * hour);
    const resumedAgo = (ms: number) => look({ pause: async () => ({ since, resumedAt: stage.world.now - ms }) });

    expect(kinds(await resumedAgo(40 * 60_000))).toEqual([]);
    expect(kinds(await resumedAgo(50 * 60_000))).toEqual(['attempt-overdue']);
  });

  it('does not call a send forgotten that had no time before the pause', async () => {
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'send', nth: 1, when: 'before', incident: 'die' }] });
    const since = stage.world.now + 10 * 60_000;
    forget(5 * hour);

    expect(kinds(await look({ pause: async () => ({ since }) }))).toEqual([]);
    expect(kinds(await look())).toEqual(['lease-ended']);
  });

  it('knows of a mail that no relay was there for, once it has waited a quarter of an hour', async () => {
    stage.relays = [];
    stage.publish(mail());
    await stage.invoke();
    expect(stage.world.ledger.size).toBe(0);
    for (const end = stage.world.now + hour; stage.world.now < end; ) await stage.later(1);

    expect(stage.item('order-1')).toMatchObject({ state: 'waiting', attempts: 0, crashes: 0, recipients: {} });
    expect(kinds(await look())).toEqual([]);
    forget(3 * hour);
    expect(await look()).toMatchObject({ findings: [{ kind: 'attempt-overdue', mayHaveIt: false }] });
  });

  it('finds nothing while no relay can be reached for a day, because waits are written down', async () => {
    const { world } = stage;
    stage.answers['primary'] = Array.from({ length: 20 }, () => fail(mailboxBusy));
    for (let index = 0; index < 20; index += 1) stage.publish(mail({ idempotencyKey: `order-${index}` }));
    await stage.later(2);
    stage.relays = [];
    const writes: number[] = [];
    for (const end = world.now + 24 * hour; world.now < end; ) {
      await stage.later(1);
      expect(kinds(await look())).toEqual([]);
      writes.push(stage.item('order-1').changedAt);
    }

    expect(world.queue.size).toBe(20);
    // One write for each look, and those are a quarter of an hour apart or more: waits stay nearly free.
    expect(new Set(writes).size).toBeGreaterThan(24);
    expect(new Set(writes).size).toBeLessThan(120);
  });

  it('counts mails that no message can carry on', async () => {
    stage.answers['primary'] = Array.from({ length: 30 }, () => fail(mailboxBusy));
    for (let index = 0; index < 30; index += 1) stage.publish(mail({ idempotencyKey: `order-${index}` }));
    for (let turn = 0; turn < 3; turn += 1) await stage.invoke();
    expect(await look()).toMatchObject({ unfinished: 30, intakeMessages: 30, missingFromQueue: 0 });

    stage.world.queue.clear();

    expect(await look()).toMatchObject({ unfinished: 30, intakeMessages: 0, missingFromQueue: 30, findings: [] });
  });
});
