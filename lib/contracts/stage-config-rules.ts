import { bytesInFlight, bytesToBuild, environmentHeadroom, memoryToBuild, sessionsPerEnvironment } from './capacity.ts';
import type { StageConfig } from './stage-config.ts';
import { armedAlarms } from './stage-config-alarms.ts';
import { sendableBounces, takes } from './stage-config-bounces.ts';

/**
 * Rules between fields of the stage config, each a sentence with the fields, their values and what would be allowed.
 * They hold what SQS, Lambda and SMTP would otherwise answer at three in the morning.
 */
export function brokenRules(config: StageConfig): string[] {
  return [
    ...nestedTimes(config),
    ...orderedTimes(config),
    ...finiteReceives(config),
    ...enoughSessions(config),
    ...enoughMemory(config),
    ...routableDomains(config),
    ...wholeNetwork(config),
    ...sendableBounces(config),
    ...watchableRelays(config),
    ...armedAlarms(config),
  ];
}

/** What the commands before DATA, the settling and the batch response take at least, in seconds. */
const settlingSeconds = 10;

/**
 * The commands share what connecting and greeting leave: a wait that is longer than its relay's share is cut, and counts
 * as the relay's silence from `connectSeconds` on.
 */
function nestedTimes({ sender, smtp }: StageConfig): string[] {
  const { connectSeconds, greetingSeconds, commandSeconds, finalReplySeconds } = smtp;
  const needed = connectSeconds + greetingSeconds + finalReplySeconds + settlingSeconds;
  if (sender.timeoutSeconds < needed) {
    return [
      `sender.timeoutSeconds is ${sender.timeoutSeconds}; allowed: at least ${needed}, which is smtp.connectSeconds ` +
        `(${connectSeconds}) + smtp.greetingSeconds (${greetingSeconds}) + smtp.finalReplySeconds ` +
        `(${finalReplySeconds}) + ${settlingSeconds} to settle; with less, DATA could never begin at a slow relay`,
    ];
  }
  if (commandSeconds + finalReplySeconds > sender.timeoutSeconds) {
    return [
      `smtp.commandSeconds is ${commandSeconds}; allowed: at most ${sender.timeoutSeconds - finalReplySeconds}, which ` +
        `is sender.timeoutSeconds (${sender.timeoutSeconds}) - smtp.finalReplySeconds (${finalReplySeconds})`,
    ];
  }
  return [];
}

function orderedTimes({ retry, breaker, probe }: StageConfig): string[] {
  const pairs = [
    ['retry.baseSeconds', retry.baseSeconds, 'retry.maxSeconds', retry.maxSeconds],
    ['breaker.coolDownSeconds', breaker.coolDownSeconds, 'breaker.maxCoolDownSeconds', breaker.maxCoolDownSeconds],
    ['probe.timeoutSeconds', probe.timeoutSeconds, 'probe.intervalSeconds', probe.intervalSeconds],
  ] as const;
  return pairs
    .filter(([, small, , large]) => small > large)
    .map(([field, value, bound, most]) => `${field} is ${value}; allowed: at most ${bound} (${most})`);
}

/** SQS gives a message 1,000 receives; half of them are for crashes, throttling and waits for a relay. */
const mostReceives = 500;
const longWaitsFromSeconds = 3_600;
const longWaitSeconds = 900;

/**
 * Receives that a mail takes which is deferred until it is given up: by age, or by charged attempts. The sender
 * stretches waits to 15 minutes once a mail is an hour old.
 */
export function expectedReceives({
  baseSeconds,
  factor,
  maxSeconds,
  maxAttempts,
  maxAgeSeconds,
}: StageConfig['retry']) {
  let receives = 1;
  let wait = baseSeconds;
  for (let age = 0; receives < maxAttempts; receives += 1) {
    age += age < longWaitsFromSeconds ? wait : Math.max(wait, longWaitSeconds);
    if (age > maxAgeSeconds) break;
    wait = Math.min(wait * factor, maxSeconds);
  }
  return receives;
}

function finiteReceives({ retry }: StageConfig): string[] {
  const receives = expectedReceives(retry);
  if (receives < mostReceives) return [];
  return [
    `retry.maxSeconds is ${retry.maxSeconds}; allowed: a schedule of fewer than ${mostReceives} receives, and this one ` +
      `takes ${receives} in retry.maxAgeSeconds (${retry.maxAgeSeconds}): lengthen the waits (baseSeconds ` +
      `${retry.baseSeconds}, factor ${retry.factor}) or lower retry.maxAttempts (${retry.maxAttempts})`,
  ];
}

function enoughSessions({ relays, sender }: StageConfig): string[] {
  const needed = Math.ceil(sender.maxConcurrency * environmentHeadroom);
  return Object.entries(relays)
    .filter(([, relay]) => sessionsPerEnvironment(relay.maxConnections, sender.maxConcurrency) < 1)
    .map(
      ([name, relay]) =>
        `relays.${name}.maxConnections is ${relay.maxConnections}; allowed: at least ${needed}, one session for each ` +
        `of sender.maxConcurrency (${sender.maxConcurrency}) environments × ${environmentHeadroom} (frozen ones, ` +
        `deployments); or lower sender.maxConcurrency`,
    );
}

function enoughMemory({ sender, maxMessageBytes }: StageConfig): string[] {
  const available = bytesInFlight(sender.memoryMb);
  const needed = bytesToBuild(maxMessageBytes);
  if (needed <= available) return [];
  return [
    `sender.memoryMb is ${sender.memoryMb}; allowed: at least ${memoryToBuild(maxMessageBytes)}, because it leaves ` +
      `${available} bytes for mail and one of maxMessageBytes (${maxMessageBytes}) takes ${needed} while it is built`,
  ];
}

/** Every sender whom the stage allows needs a relay; mail of one who has none would be refused, one by one. */
function routableDomains({ allowedFromDomains, relays }: StageConfig): string[] {
  const all = Object.values(relays);
  if (allowedFromDomains.length === 0) {
    if (all.some(({ fromDomains }) => fromDomains === undefined)) return [];
    const taken = [...new Set(all.flatMap(({ fromDomains = [] }) => fromDomains))];
    return [
      'allowedFromDomains is [], which allows every domain; allowed: only domains that a relay takes ' +
        `(${JSON.stringify(taken)}), because each relay has fromDomains. Or leave fromDomains out at one`,
    ];
  }
  return allowedFromDomains
    .filter((domain) => !all.some((relay) => takes(relay, domain)))
    .map(
      (domain) =>
        `allowedFromDomains has "${domain}"; allowed: domains that a relay takes. Add it to a relay's fromDomains, or ` +
        'leave fromDomains out at one',
    );
}

function wholeNetwork({ network }: StageConfig): string[] {
  const { vpcId, availabilityZones, privateSubnetIds, securityGroupIds } = network;
  if (vpcId === null) {
    const stray = Object.entries({ availabilityZones, privateSubnetIds, securityGroupIds });
    return stray
      .filter(([, values]) => values.length > 0)
      .map(
        ([field, values]) => `network.${field} is ${JSON.stringify(values)}; allowed: [] unless network.vpcId is set`,
      );
  }
  if (privateSubnetIds.length > 0 && privateSubnetIds.length === availabilityZones.length) return [];
  return [
    `network.privateSubnetIds is ${JSON.stringify(privateSubnetIds)}; allowed: one subnet for each of ` +
      `network.availabilityZones (${JSON.stringify(availabilityZones)}), in their order, and at least one`,
  ];
}

/** PutMetricAlarm: a metric math alarm takes 10 metrics, and one alarm looks at all relays. */
const mostRelays = 10;

function watchableRelays({ relays }: StageConfig): string[] {
  const names = Object.keys(relays);
  if (names.length <= mostRelays) return [];
  return [
    `relays has ${names.length} relays; allowed: at most ${mostRelays}, as many as one CloudWatch alarm can watch`,
  ];
}
