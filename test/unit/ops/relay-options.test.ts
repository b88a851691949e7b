import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../ops/relay/options.ts';
import { UsageError } from '../../../ops/shared/command.ts';

describe('arguments of relay', () => {
  it('work on the local system when nothing else is said', () => {
    expect(parseOptions(['list'])).toEqual({
      command: 'list',
      relay: '',
      json: false,
      login: true,
      stateDir: '.postroom',
    });
  });

  it('name a relay, why, and for how long', () => {
    const args = ['disable', 'primary', '--reason', ' broken TLS ', '--for', '2h', '--stage', 'prod', '--json'];
    expect(parseOptions(args)).toMatchObject({
      command: 'disable',
      relay: 'primary',
      reason: 'broken TLS',
      forMs: 7_200_000,
      stage: 'prod',
      json: true,
    });
  });

  it('leave the login of a probe out', () => {
    expect(parseOptions(['probe', 'primary', '--no-login'])?.login).toBe(false);
  });

  it.each([[['--help']], [['show', '-h']], [['help']]])('ask for help: %j', (args) => {
    expect(parseOptions(args)).toBeUndefined();
  });

  it.each([
    [[], 'The command is missing'],
    [['pause', 'primary'], '"pause" is no command'],
    [['show'], 'show takes the name of one relay'],
    [['drain', 'a', 'b'], 'drain takes the name of one relay'],
    [['list', 'primary'], 'for one: show primary'],
    [['disable', 'primary'], 'disable wants a --reason'],
    [['disable', 'primary', '--reason', '  '], 'disable wants a --reason'],
    [['drain', 'primary', '--reason', 'x'.repeat(301)], 'allowed: 300'],
    [['drain', 'primary', '--for', '2'], '--for is "2"'],
    [['drain', 'primary', '--for', '0s'], '--for is "0s"'],
    [['drain', 'primary', '--for', '400d'], 'a year at most'],
    [['enable', 'primary', '--for', '2h'], '--for means nothing to enable'],
    [['reset', 'primary', '--reason', 'x'], '--reason means nothing to reset'],
    [['show', 'primary', '--no-login'], '--no-login means nothing to show'],
    [['list', '--stage', 'Prod!'], '--stage: a name'],
    [['list', '--frobnicate'], '--frobnicate'],
  ])('%j is refused and says why', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });
});
