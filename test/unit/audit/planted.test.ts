import { beforeEach, describe, expect, it } from 'vitest';
import type { FindingKind } from '../../../lib/audit/judge.ts';
import { type AuditReport, audit } from '../../../lib/audit/run.ts';
import { indexed } from '../../../lib/ledger/unfinished.ts';
import { indexOver } from '../../support/audit.ts';
import { fail, lostAfterTheDot, mailboxBusy, unknownUser } from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

const settings = { marginSeconds: 2880, maxAgeSeconds: 432_000 };
const hour = 3_600_000;

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});

function look(changes: { pausedSince?: number } = {}): Promise<AuditReport> {
  const { world } = stage;
  return audit({
    unfinished: indexOver(world.ledger),
    ledger: { read: async (key) => world.ledger.get(key) },
    intakeMessages: async () => world.queue.size,
    pausedSince: async () => changes.pausedSince,
    clock: { now: () => world.now },
    settings,
  });
}

/** The message is gone, and time passes. */
function forget(ms = hour): void {
  stage.world.queue.clear();
  stage.world.now += ms;
}

const kinds = ({ findings }: AuditReport): FindingKind[] => findings.map(({ kind }) => kind);

/** Each forgotten mail, and how it comes to be. */
const planted: Readonly<Record<FindingKind, () => Promise<void>>> = {
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
    expect(stage.world.now - (report.findings[0]?.since ?? 0)).toBeGreaterThan(2_880_000);
  });

  it('says nothing before the margin is over', async () => {
    stage.publish(mail());
    stage.answers['primary'] = [fail(mailboxBusy)];
    await stage.invoke();
    forget(45 * 60_000);

    expect(kinds(await look())).toEqual([]);
  });

  it('finds a first send that was cut short once its message was looked at again', async () => {
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'send', nth: 1, when: 'before', incident: 'die' }] });
    stage.world.now += hour;
    expect(kinds(await look())).toEqual([]);

    stage.relays = [];
    await stage.invoke();
    forget(2 * hour);

    expect(kinds(await look())).toEqual(['uncertain-unresolved']);
  });

  it('does not call mail forgotten that waits for a paused intake, but tells what is wrong otherwise', async () => {
    stage.publish(mail());
    stage.answers['primary'] = [fail(mailboxBusy), fail(unknownUser)];
    await stage.invoke();
    stage.publish(mail({ idempotencyKey: 'order-2' }));
    await stage.invoke({ crash: [{ effect: 'dead-letter', nth: 1, when: 'before', incident: 'die' }] });
    forget();

    const report = await look({ pausedSince: stage.world.now - 60_000 });

    expect(report.findings).toMatchObject([{ key: 'order-2', kind: 'dead-letter-pending' }]);
    expect(report.pausedSince).toBe(stage.world.now - 60_000);
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
    expect(new Set(writes).size).toBeLessThan(100);
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
