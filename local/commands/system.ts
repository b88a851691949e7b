import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StageConfig } from '../../lib/contracts/stage-config.ts';
import type { Endpoints } from '../../ops/shared/endpoints.ts';
import { createMailbox, type Mailbox } from '../mailbox/mailbox.ts';
import { serveMailbox } from '../mailbox/server.ts';
import { type Platform, startPlatform } from '../platform/platform.ts';
import type { Behaviour } from '../relays/behaviour.ts';
import { createCertificate } from '../relays/certificate.ts';
import { type EmbeddedRelay, startRelay } from '../relays/relay.ts';
import { defaultSender } from './config.ts';
import type { ExternalRelay } from './relay-url.ts';
import { claimStateDir } from './state-dir.ts';

export interface SystemOptions {
  readonly stage: string;
  readonly config: StageConfig;
  readonly stateDir: string;
  /** Used instead of embedded relays; the config must name exactly these. */
  readonly externalRelays?: readonly ExternalRelay[];
  /** How embedded relays behave, by name; well unless told otherwise. */
  readonly behaviours?: Readonly<Record<string, Behaviour>>;
  /** How long embedded relays keep a silent session, in milliseconds. */
  readonly relayIdleMs?: number;
  /** Every line that a function writes. */
  readonly onLog?: (line: string) => void;
  /** Something failed that the system lives with. */
  readonly onProblem?: (message: string) => void;
}

/** The whole of Postroom on this machine. */
export interface LocalSystem {
  readonly endpoints: Endpoints;
  readonly mailbox: Mailbox;
  readonly mailboxUrl: string;
  /** The embedded relays; none when external ones are used. */
  readonly relays: ReadonlyMap<string, EmbeddedRelay>;
  readonly platform: Pick<Platform, 'functions' | 'setSecret' | 'counts'>;
  close(): Promise<void>;
}

type Closer = () => Promise<void>;

/** Starts relays, mailbox and platform, fills in the relays' secrets, and publishes the endpoints. */
export async function startSystem(options: SystemOptions): Promise<LocalSystem> {
  const closers: Closer[] = [];
  const close = async () => {
    // Last opened, first closed: the sender ends its SMTP sessions while the relays still answer.
    const failures: unknown[] = [];
    for (const closer of closers.splice(0).reverse()) {
      await closer().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be stopped.');
  };
  try {
    return { ...(await compose(options, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function compose(options: SystemOptions, closers: Closer[]): Promise<Omit<LocalSystem, 'close'>> {
  const { config, stage } = options;
  const stateDir = await claimStateDir(options.stateDir);
  closers.push(() => stateDir.release());
  const configPath = await writeConfig(config, stateDir.path, closers);

  const mailbox = createMailbox();
  const server = await serveMailbox(mailbox);
  closers.push(() => server.close());
  const relays = await openRelays(options, mailbox, closers);

  const { onLog, onProblem } = options;
  const platform = await startPlatform({
    stage,
    configPath,
    stateDirectory: stateDir.path,
    secrets: secretsOf(options, relays),
    ...(onLog && { onLog: ({ line }: { readonly line: string }) => onLog(line) }),
    ...(onProblem && { onProblem }),
  });
  closers.push(() => platform.close());

  const { outputs } = platform;
  const mailboxUrl = server.url;
  const endpoints = {
    ...platform.endpoints,
    outputs,
    mailbox: `${mailboxUrl}/messages`,
    defaultFrom: defaultSender(config),
  };
  await stateDir.publish(endpoints);
  return { endpoints, mailbox, mailboxUrl, relays, platform };
}

/** The stack is synthesised from a file, and what this run uses need not stand in any stage file. */
async function writeConfig(config: StageConfig, directory: string, closers: Closer[]): Promise<string> {
  await mkdir(directory, { recursive: true });
  const folder = await mkdtemp(join(directory, 'config-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'stage.json');
  await writeFile(path, JSON.stringify(config, undefined, 2));
  return path;
}

async function openRelays(
  { config, externalRelays, behaviours = {}, relayIdleMs }: SystemOptions,
  mailbox: Mailbox,
  closers: Closer[],
): Promise<ReadonlyMap<string, EmbeddedRelay>> {
  const relays = new Map<string, EmbeddedRelay>();
  if (externalRelays !== undefined) return relays;
  const certificate = await createCertificate();
  for (const name of Object.keys(config.relays)) {
    const behaviour = behaviours[name];
    const relay = await startRelay({
      name,
      certificate,
      deliver: (delivery) => mailbox.deliver(delivery),
      ...(behaviour && { behaviour }),
      ...(relayIdleMs !== undefined && { idleMs: relayIdleMs }),
    });
    closers.push(() => relay.close());
    relays.set(name, relay);
  }
  return relays;
}

function secretsOf(
  { externalRelays }: SystemOptions,
  relays: ReadonlyMap<string, EmbeddedRelay>,
): Readonly<Record<string, string>> {
  const used = externalRelays ?? [...relays.values()];
  return Object.fromEntries(used.map(({ name, secret }) => [name, JSON.stringify(secret)]));
}
