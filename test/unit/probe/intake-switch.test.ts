import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Call, comeToRest, type Death, type IntakeWorld, intakeWorld } from './intake-world.ts';

const paused = async (): Promise<IntakeWorld> => {
  const world = intakeWorld();
  world.relayUp = false;
  await comeToRest(world);
  return world;
};

describe('the intake', () => {
  it('costs one call to Lambda per run while relays are well', async () => {
    const world = intakeWorld();
    const look = world.newRun();
    for (let looks = 0; looks < 4; looks += 1) await look();
    expect(world.calls.filter((call) => call !== 'read')).toEqual(['state']);
  });

  it('is paused when no relay can take mail: marked first, then disabled', async () => {
    const world = await paused();
    expect(world.mapping.state).toBe('Disabled');
    expect(world.pause).toMatchObject({
      mapping: 'mapping-1',
      reason: 'no relay can take mail: primary is unreachable',
    });
    expect(world.calls.filter((call) => call === 'mark' || call === 'disable')).toEqual(['mark', 'disable']);
    expect(world.events).toContainEqual({ type: 'intake-paused', reason: world.pause?.reason });
    expect(world.events.at(-1)).toEqual({ type: 'intake-looked-at', paused: true });
  });

  it('runs again when a relay can: enabled first, then unmarked', async () => {
    const world = await paused();
    world.relayUp = true;
    world.calls.length = 0;
    await comeToRest(world);
    expect(world.mapping.state).toBe('Enabled');
    expect(world.pause).toBeUndefined();
    expect(world.calls.filter((call) => call === 'enable' || call === 'unmark')).toEqual(['enable', 'unmark']);
    expect(world.events).toContainEqual({ type: 'intake-resumed', pausedMs: expect.any(Number) });
    expect(world.events.at(-1)).toEqual({ type: 'intake-looked-at', paused: false });
  });

  it('stays as it is where people have paused it', async () => {
    const world = intakeWorld();
    world.mapping = { ...world.mapping, state: 'Disabled' };
    for (const relayUp of [true, false, true]) {
      world.relayUp = relayUp;
      await comeToRest(world);
      expect([world.mapping.state, world.pause]).toEqual(['Disabled', undefined]);
    }
    expect(world.events.at(-1)).toEqual({ type: 'intake-looked-at', paused: true });
  });

  it('stays paused while people have disabled every relay, also when it was paused before', async () => {
    const world = await paused();
    world.override = { mode: 'disabled', setAt: 0 };
    world.relayUp = true;
    await comeToRest(world);
    expect(world.mapping.state).toBe('Disabled');
    world.override = { mode: 'enabled', setAt: 0 };
    await comeToRest(world);
    expect([world.mapping.state, world.pause]).toEqual(['Enabled', undefined]);
  });

  it('is looked at again when Lambda refuses, and a refused pause is taken back', async () => {
    const world = intakeWorld();
    world.relayUp = false;
    world.refusal = new Error('ResourceInUseException');
    await comeToRest(world);
    expect(world.events).toContainEqual({ type: 'intake-unknown', error: world.refusal });
    expect(world.mapping.state).toBe('Enabled');
    world.refusal = undefined;
    world.relayUp = true;
    await comeToRest(world);
    expect([world.mapping.state, world.pause]).toEqual(['Enabled', undefined]);
  });

  it('keeps the mark while a request to disable may still be on its way', async () => {
    const world = intakeWorld();
    world.relayUp = false;
    await world.newRun({ call: 'disable', when: 'before' })();
    world.relayUp = true;
    world.clock.advance(5000);
    await world.newRun()();
    expect(world.pause).toBeDefined();
    world.mapping = { ...world.mapping, state: 'Disabled' };
    await comeToRest(world);
    expect([world.mapping.state, world.pause]).toEqual(['Enabled', undefined]);
  });

  it('forgets the mark of a mapping that the stack has replaced', async () => {
    const world = await paused();
    world.mapping = { uuid: 'mapping-2', state: 'Enabled' };
    world.relayUp = true;
    await comeToRest(world);
    expect([world.mapping.state, world.pause]).toEqual(['Enabled', undefined]);
  });

  it('takes no mark of another mapping for a pause of its own', async () => {
    const world = await paused();
    world.mapping = { uuid: 'mapping-2', state: 'Disabled' };
    world.relayUp = true;
    await comeToRest(world);
    expect([world.mapping.state, world.pause]).toEqual(['Disabled', undefined]);
  });

  it('forgets the mark when the mapping is gone', async () => {
    const world = await paused();
    world.mapping = { ...world.mapping, state: 'Missing' };
    await comeToRest(world);
    expect(world.pause).toBeUndefined();
  });
});

describe('wherever a run dies', () => {
  const calls: Call[] = ['read', 'mark', 'unmark', 'state', 'enable', 'disable'];
  const deaths: Death[] = calls.flatMap((call) => [
    { call, when: 'before' },
    { call, when: 'after' },
  ]);

  it.each(deaths)('$when $call, the next runs pause and resume all the same', async (death) => {
    const world = intakeWorld();
    world.relayUp = false;
    await world.newRun(death)();
    await comeToRest(world);
    expect(world.mapping.state).toBe('Disabled');
    world.relayUp = true;
    await world.newRun(death)();
    world.settle();
    world.clock.advance(60_000);
    await world.newRun(death)();
    await comeToRest(world);
    expect([world.mapping.state, world.pause]).toEqual(['Enabled', undefined]);
  });

  it('and whatever relays do, the mapping ends as the relays say, and is never left disabled without the mark', async () => {
    const step = fc.record({
      relayUp: fc.boolean(),
      settles: fc.boolean(),
      ms: fc.nat({ max: 60_000 }),
      death: fc.option(fc.constantFrom(...deaths), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, upAtLast) => {
        const world = intakeWorld();
        for (const { relayUp, settles, ms, death } of steps) {
          world.relayUp = relayUp;
          if (settles) world.settle();
          world.clock.advance(ms);
          await world.newRun(death)();
          if (world.mapping.state === 'Disabled') expect(world.pause).toBeDefined();
        }
        world.relayUp = upAtLast;
        await comeToRest(world);
        expect(world.mapping.state).toBe(upAtLast ? 'Enabled' : 'Disabled');
        expect(world.pause === undefined).toBe(upAtLast);
      }),
      { numRuns: 300 },
    );
  });
});
