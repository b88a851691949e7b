import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StageConfig } from '../../lib/contracts/stage-config.ts';
import type { Endpoints } from '../../ops/shared/endpoints.ts';
import { hurried } from '../console/hurry.ts';
import { startConsole } from '../console/start.ts';
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
  /** Serves the console page, whose time runs so many times as fast as in AWS; schedules and probes with it. */
  readonly console?: { readonly timeScale: number };
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
  /** Absent: none was asked for. */
  readonly consoleUrl?: string;
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
  const { stage, onLog, onProblem = () => {} } = options;
  const timeScale = options.console?.timeScale ?? 1;
  const config = hurried(options.config, timeScale);
  const stateDir = await claimStateDir(options.stateDir);
  closers.push(() => stateDir.release());
  const configPath = await writeConfig(config, stateDir.path, closers);

  const mailbox = createMailbox();
  const server = await serveMailbox(mailbox);
  closers.push(() => server.close());
  const relays = await openRelays(options, mailbox, closers);

  const page = options.console && (await startConsole({ timeScale, onProblem }));
  if (page) closers.push(() => page.close());
  const platform = await startPlatform({
    stage,
    configPath,
    stateDirectory: stateDir.path,
    secrets: secretsOf(options, relays),
    timeScale,
    onLog: (entry) => {
      page?.line(entry);
      onLog?.(entry.line);
    },
    onProblem,
    ...(page && { onInvocation: page.invocation }),
  });
  closers.push(() => platform.close());

  const { outputs } = platform;
  const mailboxUrl = server.url;
  const defaultFrom = defaultSender(config);
  const console = page && { console: page.url };
  const endpoints = { ...platform.endpoints, outputs, mailbox: `${mailboxUrl}/messages`, defaultFrom, ...console };
  await stateDir.publish(endpoints);
  const { behaviours = {} } = options;
  const hide = await page?.show({ stage, stateDir: stateDir.path, platform, mailbox, relays, behaviours, defaultFrom });
  if (hide) closers.push(hide);
  return { endpoints, mailbox, mailboxUrl, relays, platform, ...(page && { consoleUrl: page.url }) };
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
