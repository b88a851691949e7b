import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readStageConfig, StageConfigError } from '../../../lib/contracts/stage-config.ts';
import { expectedReceives } from '../../../lib/contracts/stage-config-rules.ts';

const withRelay = (rest: object) => ({ relays: { primary: {} }, ...rest });
const withField = (field: string, value: unknown) => ({ relays: { primary: { [field]: value } } });

function problemsOf(input: unknown): readonly string[] {
  try {
    readStageConfig(input);
    return [];
  } catch (error) {
    if (error instanceof StageConfigError) return error.problems;
    throw error;
  }
}

describe('defaults', () => {
  it('fill in everything but the relays', () => {
    expect(readStageConfig({ relays: { primary: {} } })).toEqual({
      relays: { primary: { weight: 1, tier: 0, maxConnections: 60, maxRecipients: 100, allowPlaintext: false } },
      allowedFromDomains: [],
      publishers: { accounts: [], organizationId: null },
      attachmentBuckets: [],
      maxMessageBytes: 26_214_400,
      sender: { maxConcurrency: 20, batchSize: 10, memoryMb: 512, timeoutSeconds: 180 },
      smtp: { connectSeconds: 10, greetingSeconds: 30, commandSeconds: 60, finalReplySeconds: 120 },
      retry: { baseSeconds: 30, factor: 2, maxSeconds: 3600, jitter: 0.2, maxAttempts: 200, maxAgeSeconds: 432_000 },
      bounces: { mode: 'off', delayNoticeSeconds: 14_400 },
      events: {},
      audit: { enabled: true },
      breaker: { failureThreshold: 3, messageRejectionThreshold: 10, coolDownSeconds: 60, maxCoolDownSeconds: 900 },
      probe: {
        intervalSeconds: 15,
        timeoutSeconds: 10,
        degradedMs: 200,
        degradedWeight: 0.4,
        authIntervalSeconds: 3600,
      },
      network: { vpcId: null, availabilityZones: [], privateSubnetIds: [], securityGroupIds: [] },
      alarms: { emails: [], topicArns: [], overrides: {} },
      tracing: { sampleRate: 0.15 },
      logRetentionDays: 30,
      protectData: false,
    });
  });

  it('make the example stage valid', () => {
    const example = JSON.parse(readFileSync(new URL('../../../cdk/stages/dev.json', import.meta.url), 'utf8'));

    expect(Object.keys(readStageConfig(example).relays)).toEqual(['primary', 'fallback']);
  });
});

describe('domains', () => {
  it('are lower-case A-labels, whatever was written', () => {
    const config = readStageConfig({
      relays: { primary: { fromDomains: ['Bücher.Example', 'EXAMPLE.com'] } },
      allowedFromDomains: ['Example.COM', 'BÜCHER.example'],
    });

    expect(config.allowedFromDomains).toEqual(['example.com', 'xn--bcher-kva.example']);
    expect(config.relays['primary']?.fromDomains).toEqual(['xn--bcher-kva.example', 'example.com']);
  });
});

describe('a field that is wrong', () => {
  it.each([
    [{}, 'relays is missing; it is required'],
    [[], 'the whole config is []; allowed: an object'],
    [{ relays: {} }, 'relays is {}; allowed: at least one relay'],
    [{ relays: [] }, 'relays is []; allowed: an object of relays by name'],
    [{ relays: { Main: {} } }, 'relays.Main is "Main"; allowed: a name of a-z, 0-9 and -'],
    [{ relays: { ['a'.repeat(31)]: {} } }, 'allowed: a name of a-z, 0-9 and -, beginning with a letter, 30 at most'],
    [withField('weight', -1), 'relays.primary.weight is -1; allowed: a number from 0 to 1000'],
    [withField('weight', '3'), 'relays.primary.weight is "3"; allowed: a number from 0 to 1000'],
    [withField('tier', 0.5), 'relays.primary.tier is 0.5; allowed: a whole number from 0 to 100'],
    [withField('maxConnections', 0), 'relays.primary.maxConnections is 0; allowed: a whole number from 1 to 100000'],
    [withField('maxRecipients', 0), 'relays.primary.maxRecipients is 0; allowed: a whole number from 1 to 1000'],
    [withField('secretName', 'arn:aws:x'), 'relays.primary.secretName is "arn:aws:x"; allowed: the name (not the ARN)'],
    [withField('fromDomains', []), 'relays.primary.fromDomains is []; allowed: a list of at least one domain'],
    [withField('fromDomains', ['a b']), 'relays.primary.fromDomains[0] is "a b"; allowed: a domain name'],
    [withField('allowPlaintext', 'yes'), 'relays.primary.allowPlaintext is "yes"; allowed: true or false'],
    [withRelay({ allowedFromDomains: 'example.com' }), 'allowedFromDomains is "example.com"; allowed: a list'],
    [withRelay({ allowedFromDomains: ['a@b.c'] }), 'allowedFromDomains[0] is "a@b.c"; allowed: a domain name'],
    [withRelay({ publishers: { accounts: ['12'] } }), 'publishers.accounts[0] is "12"; allowed: an AWS account id'],
    [withRelay({ publishers: { organizationId: 'x' } }), 'publishers.organizationId is "x"; allowed: null or'],
    [withRelay({ attachmentBuckets: ['*'] }), 'attachmentBuckets[0] is "*"; allowed: the name of an S3 bucket'],
    [withRelay({ maxMessageBytes: 0 }), 'maxMessageBytes is 0; allowed: a whole number from 1 to 157286400'],
    [
      withRelay({ sender: { maxConcurrency: 1 } }),
      'sender.maxConcurrency is 1; allowed: a whole number from 2 to 1000',
    ],
    [withRelay({ sender: { batchSize: 11 } }), 'sender.batchSize is 11; allowed: a whole number from 1 to 10'],
    [withRelay({ sender: { memoryMb: 64 } }), 'sender.memoryMb is 64; allowed: a whole number from 128 to 10240'],
    [withRelay({ sender: { timeoutSeconds: 901 } }), 'sender.timeoutSeconds is 901; allowed: a whole number from 1 to'],
    [withRelay({ sender: null }), 'sender is null; allowed: an object'],
    [withRelay({ network: [] }), 'network is []; allowed: an object'],
    [withRelay({ smtp: { connectSeconds: 0 } }), 'smtp.connectSeconds is 0; allowed: a number of seconds above 0'],
    [withRelay({ retry: { factor: 0.5 } }), 'retry.factor is 0.5; allowed: a number from 1 to 10'],
    [withRelay({ retry: { jitter: 2 } }), 'retry.jitter is 2; allowed: a number from 0 to 1'],
    [
      withRelay({ retry: { maxSeconds: 43_200 } }),
      'retry.maxSeconds is 43200; allowed: a number of seconds above 0, at most 39600',
    ],
    [
      withRelay({ retry: { maxAgeSeconds: 1_209_600 } }),
      'retry.maxAgeSeconds is 1209600; allowed: a number of seconds above 0, at most 1123200',
    ],
    [withRelay({ bounces: { mode: 'on' } }), 'bounces.mode is "on"; allowed: "off" or "dsn"'],
    [withRelay({ bounces: { from: 'MAILER-DAEMON' } }), 'bounces.from is "MAILER-DAEMON"; allowed: an e-mail address'],
    [withRelay({ bounces: { reportingMta: 'a b' } }), 'bounces.reportingMta is "a b"; allowed: a domain name'],
    [withRelay({ breaker: { failureThreshold: 0 } }), 'breaker.failureThreshold is 0; allowed: a whole number from 1'],
    [withRelay({ probe: { degradedWeight: 2 } }), 'probe.degradedWeight is 2; allowed: a number from 0 to 1'],
    [withRelay({ network: { vpcId: 'my-vpc' } }), 'network.vpcId is "my-vpc"; allowed: null or a VPC id'],
    [withRelay({ alarms: { emails: ['nobody'] } }), 'alarms.emails[0] is "nobody"; allowed: an e-mail address'],
    [withRelay({ alarms: { topicArns: ['x'] } }), 'alarms.topicArns[0] is "x"; allowed: the ARN of an SNS topic'],
    [withRelay({ alarms: { overrides: { x: 1 } } }), 'alarms.overrides.x: unknown field'],
    [
      withRelay({ alarms: { overrides: { QueueWaitLnog: { threshold: 1 } } } }),
      'alarms.overrides.QueueWaitLnog: unknown field; did you mean "QueueWaitLong"?',
    ],
    [
      withRelay({ alarms: { overrides: { QueueWaitLong: { threshold: 0 } } } }),
      'alarms.overrides.QueueWaitLong.threshold is 0; allowed: a number above 0',
    ],
    ...(
      [
        ['RelayOffline', 5, 'only 1 (1: offline)'],
        ['RelayUnconfigured', 5, 'only 4 (4: unconfigured)'],
        ['AllRelaysOffline', 2, 'only 1 relays that take mail'],
        ['IntakePaused', 0.5, 'only 1 (1: paused)'],
        ['SenderNearTimeout', 180_001, '1 to 180000 milliseconds'],
        ['OldestUndeliveredAge', 432_001, '1 to 432000 seconds'],
        ['QueueWaitLong', 432_001, '1 to 432000 seconds'],
        ['InFlightNearLimit', 120_001, '1 to 120000 mails'],
        ['ProbeNotRunning', 6, '1 to 4 probe runs'],
        ['AuditNotRunning', 2, 'only 1 audits'],
        ['TelemetrySilent', 2, 'only 1 (1: silent)'],
      ] as const
    ).map(([name, threshold, allowed]): [object, string] => [
      withRelay({ alarms: { overrides: { [name]: { threshold } } } }),
      `alarms.overrides.${name}.threshold is ${threshold}; allowed: ${allowed}`,
    ]),
    [withRelay({ alarms: { runbookUrl: 'wiki' } }), 'alarms.runbookUrl is "wiki"; allowed: the http(s) address'],
    [
      { relays: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`relay-${index}`, {}])) },
      'relays has 11 relays; allowed: at most 10',
    ],
    [withRelay({ tracing: { sampleRate: 15 } }), 'tracing.sampleRate is 15; allowed: a number from 0 to 1'],
    [withRelay({ logRetentionDays: 2 }), 'logRetentionDays is 2; allowed: one of 1, 3, 5, 7, 14'],
    [withRelay({ protectData: 1 }), 'protectData is 1; allowed: true or false'],
  ])('%j: %s', (input, expected) => {
    expect(problemsOf(input)).toEqual([expect.stringContaining(expected)]);
  });

  it.each([
    [withRelay({ sender: { timeoutSecs: 30 } }), 'sender.timeoutSecs: unknown field (known here: maxConcurrency'],
    [withRelay({ retry: { MaxSecond: 30 } }), 'retry.MaxSecond: unknown field; did you mean "maxSeconds"?'],
    [withRelay({ alarm: {} }), 'alarm: unknown field; did you mean "alarms"?'],
    [withField('wieght', 2), 'relays.primary.wieght: unknown field; did you mean "weight"?'],
  ])('%j: %s', (input, expected) => {
    expect(problemsOf(input)).toEqual([expect.stringContaining(expected)]);
  });

  it('does not hide the others', () => {
    const input = { relays: { primary: { weight: -1 } }, logRetentionDays: 2, protectData: 'no' };

    expect(problemsOf(input)).toHaveLength(3);
  });

  it('is shortened in the message when it is long', () => {
    const [problem] = problemsOf(withRelay({ logRetentionDays: 'x'.repeat(5000) }));

    expect(problem?.length).toBeLessThan(300);
  });
});

describe('fields that do not go together', () => {
  it.each([
    [
      { sender: { timeoutSeconds: 169 } },
      /^sender.timeoutSeconds is 169; allowed: at least 170, .*finalReplySeconds \(120\)/,
    ],
    [{ smtp: { commandSeconds: 61 } }, /^smtp.commandSeconds is 61; allowed: at most 60, .*timeoutSeconds \(180\)/],
    [{ retry: { baseSeconds: 7200 } }, /^retry.baseSeconds is 7200; allowed: at most retry.maxSeconds \(3600\)/],
    [{ bounces: { relay: 'constructor' } }, /^bounces.relay is "constructor"; allowed: one of relays \(primary\)/],
    [
      { allowedFromDomains: ['example.com'], bounces: { from: 'daemon@example.net' } },
      /^bounces.from is "daemon@example.net"; allowed: an address in one of allowedFromDomains \(example.com\)/,
    ],
    [{ breaker: { coolDownSeconds: 901 } }, /^breaker.coolDownSeconds is 901; allowed: at most .*\(900\)/],
    [{ probe: { timeoutSeconds: 16 } }, /^probe.timeoutSeconds is 16; allowed: at most probe.intervalSeconds \(15\)/],
    [
      { retry: { maxSeconds: 60, maxAttempts: 1000 } },
      /^retry.maxSeconds is 60; allowed: .* fewer than 500 receives, .* 537/,
    ],
    [
      { sender: { maxConcurrency: 41 } },
      /^relays.primary.maxConnections is 60; allowed: at least 62, .*maxConcurrency \(41\)/,
    ],
    [{ sender: { memoryMb: 277 } }, /^sender.memoryMb is 277; allowed: at least 278, .*maxMessageBytes \(26214400\)/],
    [
      { network: { privateSubnetIds: ['subnet-1'] } },
      /^network.privateSubnetIds is \["subnet-1"\]; allowed: \[\] unless/,
    ],
    [{ network: { vpcId: 'vpc-1' } }, /^network.privateSubnetIds is \[\]; allowed: one subnet for each/],
  ])('%j', (rest, expected) => {
    expect(problemsOf(withRelay(rest))).toEqual([expect.stringMatching(expected)]);
  });

  it.each([
    { sender: { timeoutSeconds: 170 }, smtp: { commandSeconds: 50 } },
    { sender: { maxConcurrency: 40 } },
    { sender: { memoryMb: 278 } },
    {
      sender: { timeoutSeconds: 20 },
      smtp: { connectSeconds: 1, greetingSeconds: 1, commandSeconds: 2, finalReplySeconds: 5 },
    },
    { retry: { baseSeconds: 0.5, factor: 1, maxSeconds: 1 } },
    { network: { vpcId: 'vpc-1', availabilityZones: ['eu-central-1a'], privateSubnetIds: ['subnet-1'] } },
  ])('%j is just right', (rest) => {
    expect(problemsOf(withRelay(rest))).toEqual([]);
  });

  it.each([
    [
      'an allowed domain that the relay for bounces does not take',
      { allowedFromDomains: ['a.example', 'b.example'], bounces: { relay: 'ses' } },
      /^bounces.relay is "ses"; allowed: a relay that takes every domain .* no "b.example"/,
    ],
    [
      'any domain, and a relay for bounces that takes only some',
      { bounces: { relay: 'ses' } },
      /^bounces.relay is "ses"; allowed: a relay that takes every domain .* only some/,
    ],
    [
      'an author of bounces whom their relay does not take',
      { bounces: { relay: 'ses', from: 'daemon@B.example' } },
      /^bounces.from is "daemon@B.example"; allowed: .* bounces.relay \("ses"\) takes, and b.example is none/,
    ],
  ])('are %s', (_, rest, expected) => {
    const relays = { main: {}, ses: { fromDomains: ['a.example'] } };

    expect(problemsOf({ relays, ...rest })).toEqual([expect.stringMatching(expected)]);
  });

  it('are an author of bounces and relays of which none takes him', () => {
    const relays = { a: { fromDomains: ['a.example'] }, b: { fromDomains: ['b.example'] } };

    const allowedFromDomains = ['a.example', 'b.example', 'c.example'];
    const none = expect.stringMatching(/^allowedFromDomains has "c.example"/);

    expect(problemsOf({ relays, allowedFromDomains, bounces: { from: 'daemon@c.example' } })).toEqual([
      none,
      expect.stringMatching(
        /^bounces.from is "daemon@c.example"; allowed: .* that a relay takes, and c.example is none/,
      ),
    ]);
    expect(problemsOf({ relays, allowedFromDomains: ['a.example', 'b.example'], bounces: { relay: 'a' } })).toEqual([
      expect.stringMatching(/ no "b.example"/),
    ]);
  });

  it.each([
    { allowedFromDomains: ['a.example'], bounces: { relay: 'ses' } },
    { allowedFromDomains: ['a.example', 'b.example'], bounces: { relay: 'ses', from: 'daemon@A.example' } },
    { allowedFromDomains: ['a.example', 'b.example'], bounces: { relay: 'main' } },
    { bounces: { from: 'daemon@b.example' } },
  ])('%j has bounces that can leave', (rest) => {
    const relays = { main: {}, ses: { fromDomains: ['a.example'] } };

    expect(problemsOf({ relays, ...rest })).toEqual([]);
  });

  it('are an allowed domain and relays of which none takes it', () => {
    const relays = { a: { fromDomains: ['example.com'] }, b: { fromDomains: ['other.example'] } };

    expect(problemsOf({ relays, allowedFromDomains: ['example.com', 'Example.NET'] })).toEqual([
      expect.stringMatching(/^allowedFromDomains has "example.net"; allowed: domains that a relay takes/),
    ]);
  });

  it('are relays that each take only some domains, and no list of allowed ones', () => {
    const relays = { a: { fromDomains: ['x.example'] }, b: { fromDomains: ['x.example', 'Y.example'], tier: 1 } };

    expect(problemsOf({ relays })).toEqual([
      expect.stringMatching(/^allowedFromDomains is \[\], .* a relay takes \(\["x.example","y.example"\]\)/),
    ]);
    expect(problemsOf({ relays, allowedFromDomains: ['x.example', 'y.example'] })).toEqual([]);
  });

  it.each([{ relays: { a: { fromDomains: ['example.com'] }, b: { weight: 0 } } }, { relays: { a: { weight: 0 } } }])(
    '%j: a relay of weight 0 takes what no other takes',
    (config) => {
      expect(problemsOf(config)).toEqual([]);
    },
  );
});

describe('expectedReceives', () => {
  it('counts the receives of a mail that is deferred until it is too old', () => {
    const retry = { baseSeconds: 10, factor: 2, maxSeconds: 40, jitter: 0, maxAttempts: 100, maxAgeSeconds: 150 };

    // At 0, 10, 30, 70, 110 and 150 seconds.
    expect(expectedReceives(retry)).toBe(6);
  });

  it('stretches waits to 15 minutes once the mail is an hour old', () => {
    const retry = { baseSeconds: 600, factor: 1, maxSeconds: 600, jitter: 0, maxAttempts: 100, maxAgeSeconds: 7200 };

    // Every 600 s up to 3600 s, then every 900 s.
    expect(expectedReceives(retry)).toBe(1 + 6 + 4);
  });

  it('ends with the attempts', () => {
    const retry = { baseSeconds: 1, factor: 1, maxSeconds: 1, jitter: 0, maxAttempts: 5, maxAgeSeconds: 100 };

    expect(expectedReceives(retry)).toBe(5);
  });
});
