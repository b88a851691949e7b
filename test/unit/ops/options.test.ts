import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../ops/dlq/options.ts';
import { UsageError } from '../../../ops/shared/command.ts';

describe('arguments of dlq', () => {
  it('are a dry run on the local system when nothing else is said', () => {
    expect(parseOptions(['redrive'])).toMatchObject({
      command: 'redrive',
      yes: false,
      rate: 10,
      stateDir: '.postroom',
    });
    expect(parseOptions(['redrive'])).not.toHaveProperty('stage');
  });

  it('make a filter, each option as often as wanted', () => {
    const args = [
      'drop',
      'a',
      'b',
      '--reason',
      'rejected',
      '--reason',
      'expired',
      '--code',
      '5.1.1',
      '--relay',
      'primary',
    ];
    const more = ['--domain', '@Bücher.example', '--key', 'k', '--older-than', '1.5h', '--newer-than', '3d'];
    expect(parseOptions([...args, ...more])?.filter).toEqual({
      ids: ['a', 'b'],
      reasons: ['rejected', 'expired'],
      codes: ['5.1.1'],
      relays: ['primary'],
      domains: ['xn--bcher-kva.example'],
      keys: ['k'],
      olderThan: 5_400_000,
      newerThan: 259_200_000,
    });
  });

  it.each([[['--help']], [['list', '-h']], [['help']]])('ask for help: %j', (args) => {
    expect(parseOptions(args)).toBeUndefined();
  });

  it.each([
    [[], 'The command is missing'],
    [['redrvie'], '"redrvie" is no command'],
    [['list', '--yes'], '--yes means nothing to list'],
    [['export', '--rate', '5'], '--rate means nothing to export'],
    [['redrive', '--file', 'x'], '--file means nothing to redrive'],
    [['show'], 'show takes one ID'],
    [['show', 'a', 'b'], 'show takes one ID'],
    [['list', '--code', 'abc'], '--code is "abc"'],
    [['list', '--code', '250x'], '--code is "250x"'],
    [['list', '--domain', 'a b'], '--domain is "a b"'],
    [['list', '--older-than', '2'], '--older-than is "2"'],
    [['list', '--newer-than', '-2h'], '--newer-than'],
    [['redrive', '--rate', '0'], '--rate is "0"'],
    [['redrive', '--rate', 'fast'], '--rate is "fast"'],
    [['list', '--stage', 'Prod/../x'], '--stage'],
    [['list', '--unknown'], '--unknown'],
  ])('that are wrong are named: %j', (args, message) => {
    const parse = () => parseOptions(args);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
  });
});
