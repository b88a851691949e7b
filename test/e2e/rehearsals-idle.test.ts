import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedStack } from '../../local/template/resolve.ts';
import { fail, temporaryFailure } from '../support/delivery/answers.ts';
import { resolvedStack } from '../support/resolved-stack.ts';
import { Rehearsal } from './support/rehearsal.ts';
import { type RehearsalRelays, startRehearsalRelays } from './support/rehearsal-relays.ts';
import { rehearsals } from './support/rehearsals.ts';

const hourMs = 3_600_000;

let stack: ResolvedStack;
let relays: RehearsalRelays;

beforeAll(async () => {
  stack = await resolvedStack();
  relays = await startRehearsalRelays(['primary', 'fallback']);
});
afterAll(() => relays.close());

/** A stage on which everything runs. */
function prepare(): Rehearsal {
  const rehearsal = new Rehearsal(stack, relays);
  rehearsal.probing = true;
  rehearsal.auditing = true;
  return rehearsal;
}

/** Minutes pass; returns the alarms that went off meanwhile. */
async function wentOff(rehearsal: Rehearsal, minutes: number, each: () => void = () => {}): Promise<string[]> {
  const rang = new Set<string>();
  for (let minute = 0; minute < minutes; minute += 1) {
    each();
    await rehearsal.minute();
    for (const id of Object.keys(rehearsals)) if (rehearsal.state(id) === 'ALARM') rang.add(id);
  }
  return [...rang];
}

describe('an idle stage', () => {
  it('raises no alarm', async () => {
    // The first minute comes before any run has ended.
    const rehearsal = prepare();
    await rehearsal.minute();

    expect(await wentOff(rehearsal, 30)).toEqual([]);
  });

  it.each([
    ['malformed', { to: 'nobody' }, ['DeadLetterQueueNotEmpty', 'DeadLettersInvalid']],
    ['expired', { expiresAt: '2020-01-01T00:00:00Z' }, ['DeadLetterQueueNotEmpty', 'DeadLettersExpired']],
    ['a duplicate', { idempotencyKey: 'same' }, []],
    [
      'in conflict with another',
      { idempotencyKey: 'same', text: 'other' },
      ['DeadLetterQueueNotEmpty', 'DeadLettersInvalid'],
    ],
  ])('pages nobody when all it gets is a message a minute that is %s', async (_what, message, tickets) => {
    const rehearsal = prepare();
    rehearsal.publish({ idempotencyKey: 'same' });
    await rehearsal.minute();

    expect(await wentOff(rehearsal, 20, () => rehearsal.publish(message))).toEqual(tickets);
  });

  it('pages nobody when the dead-letter queue takes nothing, and all it gets is no mail', async () => {
    const rehearsal = prepare();
    rehearsal.invocation = { ports: { deadLetters: { send: () => Promise.reject(new Error('AccessDenied')) } } };

    const rang = await wentOff(rehearsal, 20, () => rehearsal.publish({ to: 'nobody' }));

    expect(rang).toEqual(['DeadLetterQueueFailing']);
  });

  it.each([
    ['once', () => {}],
    ['every minute again', (rehearsal: Rehearsal) => rehearsal.publish({ idempotencyKey: 'hopeless' })],
  ])('pages nobody about one hopeless mail, published %s', async (_how, each) => {
    const rehearsal = prepare();
    rehearsal.sender.answers['primary'] = Array.from({ length: 500 }, () => fail(temporaryFailure));
    rehearsal.publish({ idempotencyKey: 'hopeless' });
    await rehearsal.minute();

    expect(await wentOff(rehearsal, 45, () => each(rehearsal))).toEqual([]);
  });
});

it('mail that always ends in an error which nobody planned for pages', async () => {
  const rehearsal = prepare();
  rehearsal.traffic = 1;
  await rehearsal.minute();
  rehearsal.invocation = { ports: { build: () => Promise.reject(new TypeError('a fault of ours')) } };

  expect(await wentOff(rehearsal, 20)).toContain('MailNotGoingOut');
});

describe('old mail that no invocation sees', () => {
  /** A mail of hours ago, deferred, and from then on no sender. */
  async function stopped(receives: number): Promise<Rehearsal> {
    const rehearsal = prepare();
    rehearsal.sender.answers['primary'] = Array.from({ length: receives }, () => fail(temporaryFailure));
    rehearsal.publish({}, { agoMs: 5 * hourMs });
    for (let tried = 0; tried < receives; ) {
      await rehearsal.minute();
      tried = receives - (rehearsal.sender.answers['primary']?.length ?? 0);
    }
    rehearsal.mappingEnabled = false;
    return rehearsal;
  }

  it.each([
    ['never taken from the queue', 0],
    ['in backoff', 5],
  ])('keeps OldestUndeliveredAge in alarm: %s', async (_what, receives) => {
    const rehearsal = await stopped(receives);

    for (let minute = 0; minute < 240; minute += 1) await rehearsal.minute();

    expect(rehearsal.state('OldestUndeliveredAge')).toBe('ALARM');
    expect(rehearsal.cloudWatch.changes('OldestUndeliveredAge').filter(({ to }) => to === 'ALARM')).toHaveLength(1);
  });
});
