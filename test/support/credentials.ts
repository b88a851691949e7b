import type { SecretRead, SecretReader, VersionStage } from '../../lib/relays/credentials-secret.ts';

/** A relay secret that is valid; undefined removes a field. */
export function relaySecretOf(overrides: Record<string, unknown> = {}): string {
  return JSON.stringify({
    host: 'smtp.example.net',
    port: 587,
    tls: 'starttls',
    username: 'postroom',
    password: 'p4ss-one',
    ...overrides,
  });
}

export interface FakeSecrets extends SecretReader {
  /** Makes the text AWSCURRENT, and what was that AWSPREVIOUS. Returns the new version id. */
  put(text: string): string;
  /** What every read answers from now on, instead of the versions. */
  answer: SecretRead | undefined;
  /** While set, reads wait for it. */
  gate: Promise<void> | undefined;
  readonly reads: VersionStage[];
  /** The most reads that were ever in flight together. */
  readonly peak: () => number;
}

export function createFakeSecrets(...texts: string[]): FakeSecrets {
  const versions: { versionId: string; text: string }[] = [];
  let inFlight = 0;
  let peak = 0;
  const fake: FakeSecrets = {
    answer: undefined,
    gate: undefined,
    reads: [],
    peak: () => peak,
    put(text) {
      const versionId = `v${versions.length + 1}`;
      versions.push({ versionId, text });
      return versionId;
    },
    async read(_secretId, stage, _signal) {
      fake.reads.push(stage);
      inFlight += 1;
      peak = Math.max(peak, inFlight);
      await fake.gate;
      inFlight -= 1;
      if (fake.answer !== undefined) return fake.answer;
      const found = versions.at(stage === 'AWSCURRENT' ? -1 : -2);
      return found === undefined ? { kind: 'missing', reason: 'no value yet' } : { kind: 'value', ...found };
    },
  };
  for (const text of texts) fake.put(text);
  return fake;
}

/** A clock that moves only when told to. */
export function createManualClock(start = 1_800_000_000_000) {
  let now = start;
  return {
    now: () => now,
    advance: (ms: number) => {
      now += ms;
    },
  };
}

/** A promise and the function that fulfils it. */
export function createGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
