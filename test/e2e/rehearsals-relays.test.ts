import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedStack } from '../../local/template/resolve.ts';
import { seeded } from '../support/random.ts';
import { resolvedStack } from '../support/resolved-stack.ts';
import { Rehearsal } from './support/rehearsal.ts';
import { type RehearsalRelays, startRehearsalRelays } from './support/rehearsal-relays.ts';
import { stall } from './support/rehearsal-stall.ts';
import { rehearsals } from './support/rehearsals.ts';

const minuteMs = 60_000;

let stack: ResolvedStack;
let relays: RehearsalRelays;

beforeAll(async () => {
  stack = await resolvedStack();
  relays = await startRehearsalRelays(['primary', 'fallback']);
});
afterAll(() => relays.close());

async function pass(rehearsal: Rehearsal, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) await rehearsal.minute();
}

/** Minutes from `from` to each change of the alarm's state since then, and the state that it came to. */
function changesSince(rehearsal: Rehearsal, id: string, from: number) {
  return rehearsal.cloudWatch
    .changes(id)
    .filter(({ at }) => at > from)
    .map(({ at, to }) => ({ to, after: (at - from) / minuteMs }));
}

const jitter = seeded(4);
const flushes = {
  'at :50': () => 50,
  'between :55 and :05': () => 55 + 10 * jitter(),
  'at :55 and :05 in turn': (minute: number) => (minute % 2 === 0 ? 55 : 65),
};
const published = Object.entries(flushes).flatMap(([words, flushSecond]) =>
  [0, 20, 70].map((delaySeconds) => ({ words, flushSecond, delaySeconds })),
);

/** The incident of `rehearsals.ts`, the alarms that it raises, and within how many minutes they clear. */
const incidents = [
  {
    of: 'AllRelaysOffline',
    clear: 4,
    raise: ['AllRelaysOffline', 'MailNotGoingOut', 'TierOffline-0', 'TierOffline-1'],
  },
  { of: 'AllRelaysOffline', clear: 4, raise: ['RelayOffline-primary', 'RelayOffline-fallback'] },
  { of: 'RelayUnconfigured-primary', clear: 4, raise: ['RelayUnconfigured-primary'] },
  { of: 'CredentialsRejected-primary', clear: 40, raise: ['CredentialsRejected-primary'] },
];

describe.each(published)('published $words and seen $delaySeconds s later', ({ flushSecond, delaySeconds }) => {
  it.each(incidents)('$raise go off once, stay, and clear once', { timeout: 60_000 }, async ({ of, clear, raise }) => {
    const rehearsal = new Rehearsal(stack, relays);
    rehearsal.probing = true;
    rehearsal.flushSecond = flushSecond;
    rehearsal.cloudWatch.delayMs = 1000 * delaySeconds;
    await pass(rehearsal, 8);
    const begun = rehearsal.now;

    await rehearsals[of]?.begins(rehearsal, relays);
    await pass(rehearsal, 20);
    const during = raise.map((id) => changesSince(rehearsal, id, begun));
    const repaired = rehearsal.now;
    await rehearsals[of]?.repair(rehearsal, relays);
    await pass(rehearsal, clear + 5);

    for (const changes of during) expect(changes).toEqual([{ to: 'ALARM', after: expect.toSatisfy(upTo(8)) }]);
    for (const id of raise) {
      expect(changesSince(rehearsal, id, repaired), id).toEqual([{ to: 'OK', after: expect.toSatisfy(upTo(clear)) }]);
    }
  });
});

const upTo = (most: number) => (minutes: number) => minutes <= most;

it('a total outage pages although relays greet well and fall silent at MAIL', { timeout: 60_000 }, async () => {
  const rehearsal = new Rehearsal(stack, relays);
  rehearsal.probing = true;
  await pass(rehearsal, 8);
  const begun = rehearsal.now;
  let answers = false;

  stall(rehearsal, relays.names, () => answers);
  await pass(rehearsal, 180);
  const during = changesSince(rehearsal, 'MailNotGoingOut', begun);
  const repaired = rehearsal.now;
  answers = true;
  await pass(rehearsal, 25);

  expect(during).toEqual([{ to: 'ALARM', after: expect.toSatisfy(upTo(7)) }]);
  // The next trial comes within a quarter of an hour.
  const after = changesSince(rehearsal, 'MailNotGoingOut', repaired);
  expect(after).toEqual([{ to: 'OK', after: expect.toSatisfy(upTo(20)) }]);
});
