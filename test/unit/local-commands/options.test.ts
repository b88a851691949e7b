import { describe, expect, it } from 'vitest';
import { readStageConfig } from '../../../lib/contracts/stage-config.ts';
import { defaultSender, withRelays } from '../../../local/commands/config.ts';
import { parseRelayUrl, parseRelayUrls } from '../../../local/commands/relay-url.ts';
import { parseSendOptions } from '../../../local/commands/send-options.ts';
import { parseStartOptions } from '../../../local/commands/start-options.ts';

describe('--relay', () => {
  it('reads host, port, credentials and tls', () => {
    expect(parseRelayUrl('office=smtp://us%40er:p%3Aw%25@mail.example.net:2525?tls=implicit')).toEqual({
      name: 'office',
      secret: { host: 'mail.example.net', port: 2525, tls: 'implicit', username: 'us@er', password: 'p:w%' },
    });
  });

  it.each([
    ['starttls', 587],
    ['implicit', 465],
    ['none', 25],
  ])('knows the port of tls=%s', (tls, port) => {
    expect(parseRelayUrl(`a=smtp://mail.example.net?tls=${tls}`).secret).toEqual({
      host: 'mail.example.net',
      port,
      tls,
    });
  });

  it('is starttls unless told otherwise, and takes IPv6', () => {
    expect(parseRelayUrl('a=smtp://[::1]:2525').secret).toEqual({ host: '::1', port: 2525, tls: 'starttls' });
  });

  it.each([
    ['smtp://host', /begins with a name/],
    ['Office=smtp://host', /begins with a name/],
    ['a=nonsense', /not a URL/],
    ['a=http://host', /"http:\/\/", not "smtp:\/\/"/],
    ['a=smtp://', /not a URL|host is missing/],
    ['a=smtp://host/inbox', /nothing may follow the port/],
    ['a=smtp://host?tsl=none', /"tsl" is not known/],
    ['a=smtp://host?tls=maybe', /tls is "maybe"; allowed: none, starttls, implicit/],
    ['a=smtp://host:99999', /not a URL/],
    ['a=smtp://user@host', /password/],
    ['a=smtp://user:p%zz@host', /percent-encoded/],
  ])('refuses %s in words', (argument, message) => {
    expect(() => parseRelayUrl(argument)).toThrow(message);
  });

  it('never repeats a password in an error', () => {
    expect(() => parseRelayUrl('a=smtp://user:hunter2@host?tls=x')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('takes a name once', () => {
    expect(() => parseRelayUrls(['a=smtp://one', 'a=smtp://two'])).toThrow(/a: given twice/);
  });
});

describe('start options', () => {
  it('have defaults', () => {
    expect(parseStartOptions([])).toEqual({
      relays: [],
      stage: 'dev',
      configPath: 'cdk/stages/dev.json',
      stateDir: '.postroom',
      timeScale: 10,
    });
  });

  it('let time run as in AWS where the relays are real, unless told otherwise', () => {
    expect(parseStartOptions(['--relay', 'a=smtp://one'])?.timeScale).toBe(1);
    expect(parseStartOptions(['--relay', 'a=smtp://one', '--time-scale', '4'])?.timeScale).toBe(4);
    expect(() => parseStartOptions(['--time-scale', '60'])).toThrow(
      /--time-scale is "60"; allowed: a number from 1 to 10/,
    );
  });

  it('take a stage, a config, a directory and relays', () => {
    const options = parseStartOptions([
      ...['--stage', 'prod', '--config', 'my.json', '--state-dir', '/tmp/x'],
      ...['--relay', 'a=smtp://one?tls=none', '--relay', 'b=smtp://two'],
    ]);
    expect(options).toMatchObject({ stage: 'prod', configPath: 'my.json', stateDir: '/tmp/x' });
    expect(options?.relays.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(parseStartOptions(['--stage', 'prod'])?.configPath).toBe('cdk/stages/prod.json');
  });

  it('explain what they do not know', () => {
    expect(() => parseStartOptions(['--relais', 'x'])).toThrow(/--relais/);
    expect(() => parseStartOptions(['--stage', '../prod'])).toThrow(/--stage/);
    expect(parseStartOptions(['--help'])).toBeUndefined();
  });
});

describe('send options', () => {
  it('make an intake message of flags', () => {
    const options = parseSendOptions([
      ...['--to', 'a@x.example', '--to', 'b@x.example', '--cc', 'c@x.example', '--from', 's@example.com'],
      ...['--subject', 'Hi', '--text', 'Hello', '--key', 'k-1', '--timeout', '2.5'],
    ]);
    expect(options).toEqual({
      content: {
        fields: {
          to: ['a@x.example', 'b@x.example'],
          cc: ['c@x.example'],
          from: 's@example.com',
          subject: 'Hi',
          text: 'Hello',
          idempotencyKey: 'k-1',
        },
      },
      key: 'k-1',
      stage: 'dev',
      stateDir: '.postroom',
      timeoutMs: 2500,
    });
  });

  it.each([
    [[], /--to is missing/],
    [['--to', 'a@x.example'], /--text or --html/],
    [['--to', 'a@x.example', '--text', 'x', '--timeout', 'soon'], /--timeout is "soon"/],
    [['--to', 'a@x.example', '--text', 'x', '--queue-url', 'https://sqs/q'], /--from is missing/],
    [['--to', 'a@x.example', '--text', 'x', '--queue-url', 'q'], /--queue-url/],
    [['--file', 'm.json', '--subject', 'x'], /--subject cannot be combined with --file/],
    [['--file', 'm.json', '--to', 'a@x.example'], /--to cannot be combined with --file/],
    [['hello'], /hello/],
  ])('refuse %j in words', (args, message) => {
    expect(() => parseSendOptions(args)).toThrow(message);
  });
});

describe('derived config', () => {
  const stage = readStageConfig({
    relays: { only: { maxConnections: 400, fromDomains: ['shop.example'] } },
    allowedFromDomains: ['shop.example'],
    sender: { maxConcurrency: 100 },
  });

  it('swaps the relays and keeps everything else', () => {
    const config = withRelays(stage, parseRelayUrls(['a=smtp://one?tls=none', 'b=smtp://two']));
    expect(config).toEqual({ ...stage, relays: expect.anything() });
    expect(config.relays).toMatchObject({
      a: { allowPlaintext: true, maxConnections: 400 },
      b: { allowPlaintext: false, maxConnections: 400 },
    });
  });

  it('finds a sender that the stage allows', () => {
    expect(defaultSender(stage)).toBe('postroom@shop.example');
    expect(defaultSender(readStageConfig({ relays: { any: {} } }))).toBe('postroom@example.com');
  });
});
