import { describe, expect, it } from 'vitest';
import { alarmNames, metricAlarmNames } from '../../lib/contracts/alarms/names.ts';
import { relayStates } from '../../lib/contracts/metrics.ts';
import { alarmsIn, goingOff, type Reading, type Readings } from './alarm-states.ts';
import { only, synthesise } from './synth.ts';

/** A stage that has everything there is an alarm about. */
const everything = { events: { busName: 'outcomes' }, bounces: { mode: 'dsn' } };
const alarms = alarmsIn(synthesise(everything));

/** A stage without mail: the probe function and the audit run, relays are well, queues are empty, the sender sleeps. */
const idle: Readings = ({ name, statistic }) =>
  ({
    ProbeRuns: 5,
    OverdueMails: statistic === 'SampleCount' ? 1 : 0,
    RelayState: relayStates.healthy,
    IntakePaused: 0,
    ApproximateNumberOfMessagesVisible: 0,
    ApproximateNumberOfMessagesNotVisible: 0,
  })[name];

const withReadings =
  (changes: Readings): Readings =>
  (reading) =>
    changes(reading) ?? idle(reading);
const metric = (name: string, value: number): Readings =>
  withReadings((reading) => (reading.name === name ? value : undefined));
const metrics = (values: Readonly<Record<string, number>>): Readings => withReadings(({ name }) => values[name]);
const queue = (part: string, name: string, value: number): Readings =>
  withReadings((reading: Reading) => (reading.of.includes(part) && reading.name === name ? value : undefined));
const relay = (wanted: string, name: string, value: number): Readings =>
  withReadings((reading) => (reading.relay === wanted && reading.name === name ? value : undefined));

const offline = relayStates.offline;

/** What makes each alarm go off, and which others with it. */
const incidents: Readonly<Record<string, readonly [Readings, readonly string[]]>> = {
  NothingDelivered: [metrics({ QueueWaitDuration: 3, MessagesReceived: 3, Invocations: 3 }), []],
  QueueNotConsumed: [queue('Intake', 'ApproximateNumberOfMessagesVisible', 1), []],
  OldestUndeliveredAge: [metric('OldestUndeliveredAge', 14_400), []],
  MailForgotten: [metrics({ OverdueMails: 1 }), []],
  QueueWaitLong: [
    withReadings(({ name, statistic }) => (name === 'QueueWaitDuration' && statistic === 'p90' ? 900_000 : undefined)),
    [],
  ],
  InFlightNearLimit: [metric('ApproximateNumberOfMessagesNotVisible', 96_000), []],
  IntakePaused: [metric('IntakePaused', 1), []],
  UncertainDeliveries: [metric('MessagesUncertain', 3), []],
  LedgerFailing: [metrics({ LedgerUnavailable: 2, LedgerSettleFailures: 1 }), []],
  AllRelaysOffline: [
    metric('RelayState', offline),
    ['TierOffline-0', 'TierOffline-1', 'RelayOffline-primary', 'RelayOffline-fallback'],
  ],
  'TierOffline-0': [relay('primary', 'RelayState', offline), ['RelayOffline-primary']],
  'TierOffline-1': [relay('fallback', 'RelayState', relayStates.withheld), []],
  'RelayOffline-primary': [relay('primary', 'RelayState', offline), ['TierOffline-0']],
  'RelayOffline-fallback': [relay('fallback', 'RelayState', offline), ['TierOffline-1']],
  'RelayUnconfigured-primary': [relay('primary', 'RelayState', relayStates.unconfigured), []],
  'RelayUnconfigured-fallback': [relay('fallback', 'RelayState', relayStates.unconfigured), []],
  'CredentialsRejected-primary': [relay('primary', 'CredentialRejections', 1), []],
  'CredentialsRejected-fallback': [relay('fallback', 'CredentialRejections', 1), []],
  DeadLetterQueueNotEmpty: [queue('DeadLetters', 'ApproximateNumberOfMessagesVisible', 1), []],
  DeadLetterQueueFailing: [metric('DeadLetterQueueFailures', 1), []],
  DeadLettersRejected: [metric('DeadLettersRejected', 20), []],
  DeadLettersExpired: [metric('DeadLettersExpired', 1), []],
  DeadLettersExhausted: [metric('DeadLettersExhausted', 1), []],
  DeadLettersInvalid: [metric('DeadLettersInvalid', 1), []],
  DeadLettersUncertain: [metric('DeadLettersUncertain', 1), []],
  DeadLettersPoison: [metric('DeadLettersPoison', 1), []],
  DeadLettersBounceUndeliverable: [metric('DeadLettersBounceUndeliverable', 1), []],
  SenderErrors: [metric('Errors', 1), []],
  SenderThrottles: [metric('Throttles', 1), []],
  SenderNearTimeout: [metric('Duration', 162_000), []],
  ProbeNotRunning: [metric('ProbeRuns', 0), []],
  AuditNotRunning: [metric('OverdueMails', 0), []],
  EventsGivenUp: [queue('EventsFailures', 'ApproximateNumberOfMessagesVisible', 1), []],
  TelemetrySilent: [metric('Invocations', 1), []],
};

describe('an idle stage', () => {
  it('raises no alarm', () => {
    expect(goingOff(alarms, idle)).toEqual([]);
  });

  it('raises none either when SQS has stopped publishing about its queues', () => {
    const silentQueues: Readings = (reading) => (reading.name.startsWith('Approximate') ? undefined : idle(reading));

    expect(goingOff(alarms, silentQueues)).toEqual([]);
  });

  it('is not idle when nothing at all is published: the scheduled functions are dead', () => {
    expect(goingOff(alarms, () => undefined)).toEqual(['ProbeNotRunning', 'AuditNotRunning']);
  });

  it('may have one hopeless mail in backoff', () => {
    const backoff = metrics({
      ApproximateNumberOfMessagesNotVisible: 1,
      Invocations: 4,
      MessagesReceived: 4,
      MessagesDeferred: 4,
      OldestUndeliveredAge: 3600,
    });

    expect(goingOff(alarms, backoff)).toEqual([]);
  });

  it('may be new: relays that all wait for their first secret wake nobody', () => {
    const unconfigured = goingOff(alarms, metric('RelayState', relayStates.unconfigured));

    expect(unconfigured).toEqual(['RelayUnconfigured-primary', 'RelayUnconfigured-fallback']);
  });
});

describe('an incident', () => {
  it.each(Object.keys(incidents))('%s goes off, and what belongs to it', (name) => {
    const [readings, others] = incidents[name] ?? expect.fail('no incident');

    expect(goingOff(alarms, readings).toSorted()).toEqual([name, ...others].toSorted());
  });

  it('is there for every alarm', () => {
    expect(Object.keys(incidents).toSorted()).toEqual([...alarms.keys()].toSorted());
  });

  it('in normal traffic there is none', () => {
    const traffic = metrics({
      ApproximateNumberOfMessagesVisible: 0,
      ApproximateNumberOfMessagesNotVisible: 120,
      Invocations: 300,
      Duration: 40_000,
      Errors: 0,
      Throttles: 0,
      QueueWaitDuration: 400,
      MessagesReceived: 3000,
      MessagesDelivered: 2900,
      MessagesDeferred: 90,
      MessagesWaiting: 10,
      DeadLettersRejected: 3,
      MessagesUncertain: 1,
    });

    expect(goingOff(alarms, traffic)).toEqual([]);
  });
});

describe('every alarm', () => {
  const template = synthesise({
    alarms: { emails: ['oncall@example.com'], topicArns: ['arn:aws:sns:eu-central-1:123456789012:tickets'] },
  });
  const topic = only(template, 'AWS::SNS::Topic');
  const composite = only(template, 'AWS::CloudWatch::CompositeAlarm').properties;
  const every = [composite, ...alarmsIn(template).values()];

  it('tells the topic and those of the config when it goes off, and when it clears', () => {
    const actions = [{ Ref: topic.id }, 'arn:aws:sns:eu-central-1:123456789012:tickets'];

    for (const { AlarmActions, OKActions } of every) {
      expect(AlarmActions).toEqual(actions);
      expect(OKActions).toEqual(actions);
    }
  });

  it('says how urgent it is, what to do first, where to read on, and what to group it by', () => {
    for (const { AlarmName, AlarmDescription } of every) {
      const id = String(AlarmName).replace('postroom-test-', '');
      const [name = ''] = id.split('-');

      expect(AlarmDescription).toMatch(id === 'MailNotGoingOut' ? /^\[page\] / : /^\[ticket\] /);
      expect(AlarmDescription).toContain(' First: ');
      expect(AlarmDescription).toContain(`docs/runbook.md#${name.toLowerCase()} `);
      expect(AlarmDescription).toContain(`[dedupe: postroom/test/${id}]`);
      expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
    }
  });

  it('is of the table, and all of the table are there', () => {
    const names = [...alarms.keys()].map((id) => id.split('-')[0]);

    expect(new Set(names)).toEqual(new Set(metricAlarmNames));
    expect(composite.AlarmName).toBe(`postroom-test-${alarmNames[0]}`);
  });

  it('has an identity that CloudWatch takes', () => {
    for (const { Metrics, EvaluationPeriods, DatapointsToAlarm } of alarms.values()) {
      expect(Metrics.filter(({ MetricStat }) => MetricStat !== undefined).length).toBeLessThanOrEqual(10);
      expect(Metrics.every(({ Id }) => /^[a-z]\w*$/.test(Id))).toBe(true);
      expect(DatapointsToAlarm).toBeLessThanOrEqual(EvaluationPeriods);
      const longest = Math.max(...Metrics.map(({ MetricStat }) => MetricStat?.Period ?? 0));
      expect(longest * EvaluationPeriods).toBeLessThanOrEqual(86_400);
    }
  });
});

describe('the page', () => {
  it('comes when nothing is delivered, nothing is taken, or no relay is left', () => {
    const rule = JSON.stringify(only(synthesise(), 'AWS::CloudWatch::CompositeAlarm').properties.AlarmRule);

    expect(rule.match(/ALARM\(/g)).toHaveLength(3);
    expect(rule).toMatch(/NothingDelivered.* OR .*QueueNotConsumed.* OR .*AllRelaysOffline/);
  });
});

describe('the topic', () => {
  it('mails the addresses of the config, and takes only the alarms of the stage, by TLS', () => {
    const template = synthesise({ alarms: { emails: ['oncall@example.com'] } });

    template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'oncall@example.com' });
    const policy = JSON.stringify(only(template, 'AWS::SNS::TopicPolicy').properties);
    expect(policy).toContain('cloudwatch.amazonaws.com');
    expect(policy).toContain(':alarm:postroom-test-*');
    expect(policy).toContain('aws:SecureTransport');
  });
});

describe('the stage config', () => {
  it('moves a threshold, and the address of the runbook', () => {
    const moved = alarmsIn(
      synthesise({
        alarms: { overrides: { DeadLettersRejected: { threshold: 5 } }, runbookUrl: 'https://wiki.example/mail' },
      }),
    );

    expect(moved.get('DeadLettersRejected')?.Threshold).toBe(5);
    expect(moved.get('DeadLettersRejected')?.AlarmDescription).toContain(
      'https://wiki.example/mail#deadlettersrejected ',
    );
    expect(moved.get('DeadLettersExpired')?.Threshold).toBe(1);
  });

  it('moves what follows from it: the time-out, and how seldom a mail in backoff is seen', () => {
    const made = alarmsIn(synthesise({ sender: { timeoutSeconds: 300 }, retry: { maxSeconds: 7200, jitter: 0.5 } }));

    expect(made.get('SenderNearTimeout')?.Threshold).toBe(270_000);
    expect(made.get('OldestUndeliveredAge')?.EvaluationPeriods).toBe(37);
  });

  it.each([
    ['outcome events', { events: {} }, ['EventsGivenUp']],
    ['bounces', { bounces: {} }, ['DeadLettersBounceUndeliverable']],
    ['the audit', { audit: { enabled: false } }, ['MailForgotten', 'AuditNotRunning']],
  ])('without %s there is no alarm about them', (_what, without, absent) => {
    const made = alarmsIn(synthesise({ ...everything, ...without }));

    expect([...alarms.keys()].filter((name) => !made.has(name))).toEqual(absent);
  });

  it('with one tier there is no alarm about tiers', () => {
    const made = alarmsIn(synthesise({ relays: { first: {}, second: {} } }));

    expect([...made.keys()].filter((name) => name.startsWith('TierOffline'))).toEqual([]);
  });

  it.each([
    ['sampled at the rate of the config', { sampleRate: 0.3 }, 1],
    ['not at all', { sampleRate: 0 }, 0],
  ])('traces are %s', (_case, tracing, rules) => {
    const template = synthesise({ tracing });

    template.resourceCountIs('AWS::XRay::SamplingRule', rules);
    if (rules > 0) template.hasResourceProperties('AWS::XRay::SamplingRule', { SamplingRule: { FixedRate: 0.3 } });
  });
});
