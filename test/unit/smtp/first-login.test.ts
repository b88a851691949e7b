import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FirstLogin } from '../../../lib/smtp/first-login.ts';
import type { Acquired } from '../../../lib/smtp/transport.ts';

const reply = { code: 535, text: '5.7.8 no' };
const refused: Acquired = { ok: false, failure: { phase: 'auth', reused: false, reply } };
const unreachable: Acquired = {
  ok: false,
  failure: { phase: 'connect', reused: false, error: { kind: 'refused', message: 'port closed' } },
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Sessions that are opened one by one as the test says. */
function aRelay() {
  const logins = new FirstLogin({ openMs: 2000, verdictMs: 10_000 });
  const started: {
    readonly version: string;
    readonly atLogin: () => void;
    readonly end: (acquired: Acquired) => void;
  }[] = [];
  const dropped = vi.fn<() => void>();
  const ask = (version: string) => {
    const open = logins.ask(version);
    const start = (atLogin: () => void) => new Promise<Acquired>((end) => void started.push({ version, atLogin, end }));
    return () => open(start, dropped);
  };
  return { ask, started, dropped, versions: () => started.map(({ version }) => version) };
}

describe('of several sessions that are wanted at once', () => {
  it('one logs in first, and the others share its refusal, also those that stood in line meanwhile', async () => {
    const relay = aRelay();
    const [first, second, inLine] = [relay.ask('v1'), relay.ask('v1'), relay.ask('v1')];
    const opening = [first(), second()];
    expect(relay.versions()).toEqual(['v1']);
    relay.started[0]?.end(refused);
    expect(await Promise.all([...opening, inLine()])).toEqual([refused, refused, refused]);
    expect(relay.dropped).toHaveBeenCalledTimes(2);
    expect(relay.versions()).toEqual(['v1']);
  });

  it('the others open theirs once the first one ended in any other way', async () => {
    const relay = aRelay();
    const opening = [relay.ask('v1')(), relay.ask('v1')(), relay.ask('v1')()];
    relay.started[0]?.end(unreachable);
    await opening[0];
    await vi.waitFor(() => expect(relay.versions()).toEqual(['v1', 'v1', 'v1']));
  });

  it('the others wait two seconds at most for a relay that says nothing', async () => {
    const relay = aRelay();
    void relay.ask('v1')();
    void relay.ask('v1')();
    await vi.advanceTimersByTimeAsync(1999);
    expect(relay.versions()).toEqual(['v1']);
    await vi.advanceTimersByTimeAsync(1);
    expect(relay.versions()).toEqual(['v1', 'v1']);
  });

  it('the others share a refusal that comes slowly, once the relay was asked', async () => {
    const relay = aRelay();
    const opening = [relay.ask('v1')(), relay.ask('v1')(), relay.ask('v1')()];
    relay.started[0]?.atLogin();
    await vi.advanceTimersByTimeAsync(9999);
    relay.started[0]?.end(refused);
    expect(await Promise.all(opening)).toEqual([refused, refused, refused]);
    expect(relay.versions()).toEqual(['v1']);
  });

  it('the others wait ten seconds at most for the verdict of a relay that was asked', async () => {
    const relay = aRelay();
    void relay.ask('v1')();
    void relay.ask('v1')();
    relay.started[0]?.atLogin();
    await vi.advanceTimersByTimeAsync(9999);
    expect(relay.versions()).toEqual(['v1']);
    await vi.advanceTimersByTimeAsync(1);
    expect(relay.versions()).toEqual(['v1', 'v1']);
  });

  it('those of other credentials wait for nobody', () => {
    const relay = aRelay();
    void relay.ask('v1')();
    void relay.ask('v2')();
    expect(relay.versions()).toEqual(['v1', 'v2']);
  });
});

it('a refused login is tried again by whoever asks anew: that it may be is decided elsewhere', async () => {
  const relay = aRelay();
  const first = relay.ask('v1')();
  relay.started[0]?.end(refused);
  await first;
  void relay.ask('v1')();
  expect(relay.versions()).toEqual(['v1', 'v1']);
});
