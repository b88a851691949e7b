import { bytesInFlight, sessionsPerEnvironment } from '../lib/contracts/capacity.ts';
import type { SenderSettings } from '../lib/contracts/sender-environment.ts';
import { type StageConfig, StageConfigError } from '../lib/contracts/stage-config.ts';

/** What the sender must know of the stage config, with the fleet's limits brought down to one environment. */
export function senderSettings(config: StageConfig, secretNames: Readonly<Record<string, string>>): SenderSettings {
  const { allowedFromDomains, attachmentBuckets, maxMessageBytes, smtp, retry, breaker, sender } = config;
  const relays = Object.entries(config.relays).map(([name, relay]) => {
    const { weight, tier, maxRecipients, allowPlaintext, fromDomains } = relay;
    const settings = {
      secretId: secretNames[name] ?? name,
      weight,
      tier,
      maxSessions: sessionsPerEnvironment(relay.maxConnections, sender.maxConcurrency),
      maxRecipients,
      ...(fromDomains === undefined ? {} : { fromDomains }),
      allowPlaintext,
    };
    return [name, settings] as const;
  });
  return {
    relays: Object.fromEntries(relays),
    allowedFromDomains,
    attachmentBuckets,
    maxMessageBytes,
    maxBytesInFlight: bytesInFlight(sender.memoryMb),
    smtp,
    retry,
    ...bounceSettings(config),
    breaker,
  };
}

/** Nothing for a stage that sends no bounces. */
function bounceSettings({ bounces }: StageConfig): Pick<SenderSettings, 'bounces'> {
  const { mode, ...settings } = bounces;
  return mode === 'off' ? {} : { bounces: settings };
}

/** Lambda: all environment variables of a function together, names and values. */
const environmentBytes = 4096;
/** Deploy-time values (a queue's URL, a table's name) are not known at synth; none of ours is longer. */
const referenceBytes = 160;

/** Throws {@link StageConfigError} when the settings do not fit into the function's environment, and says which parts are the long ones. */
export function requireFittingEnvironment(
  settings: SenderSettings,
  references: number,
  others: Record<string, string>,
) {
  const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
  const fixed = Object.entries(others).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const total = bytes(settings) + fixed + references * referenceBytes;
  if (total <= environmentBytes) return;
  const parts = Object.entries(settings)
    .map(([name, value]) => ({ name, size: bytes(value) }))
    .toSorted((one, other) => other.size - one.size)
    .slice(0, 3)
    .map(({ name, size }) => `${name} (${size} bytes)`);
  throw new StageConfigError([
    `the sender's environment would take about ${total} bytes; allowed: ${environmentBytes} (AWS Lambda). Shorten the ` +
      `longest parts: ${parts.join(', ')}. A domain that every relay takes need not stand in fromDomains`,
  ]);
}
