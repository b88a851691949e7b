import type { RelaySecret } from '../../lib/contracts/relay-secret.ts';
import { systemClock } from '../../lib/platform/clock.ts';
import { queueDepth } from '../../ops/dlq/queue-depth.ts';
import { resolveTarget } from '../../ops/shared/target.ts';
import type { Mailbox } from '../mailbox/mailbox.ts';
import { createIntake, type Intake } from '../metrics/monitor.ts';
import type { Platform } from '../platform/platform.ts';
import type { Behaviour } from '../relays/behaviour.ts';
import type { EmbeddedRelay } from '../relays/relay.ts';
import { relayRoom } from './relays.ts';
import { serveConsole } from './server.ts';
import { simulatedRelays } from './simulation.ts';

export interface ConsoleOptions {
  /** How many times as fast as in CloudWatch time passes for alarms and graphs. */
  readonly timeScale: number;
  /** Something failed that the console lives with. */
  readonly onProblem: (message: string) => void;
}

export interface ShownSystem {
  readonly stage: string;
  /** Where the system's endpoints are published. */
  readonly stateDir: string;
  readonly platform: Platform;
  readonly mailbox: Mailbox;
  readonly relays: ReadonlyMap<string, EmbeddedRelay>;
  /** How they behave when they are well, by name. */
  readonly behaviours: Readonly<Record<string, Behaviour>>;
  /** A sender address that the stage allows. */
  readonly defaultFrom: string;
}

/** The console of a system that is about to start. */
export interface StartingConsole extends Pick<Intake, 'line' | 'invocation'> {
  readonly url: string;
  /** Shows the system, which has published its endpoints. Returns how to let go of it before it ends. */
  show(system: ShownSystem): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export async function startConsole({ timeScale, onProblem }: ConsoleOptions): Promise<StartingConsole> {
  const clock = systemClock;
  const { line, invocation, watch } = createIntake({ clock, scale: timeScale });
  const server = await serveConsole(onProblem);
  return {
    url: server.url,
    line,
    invocation,
    show: async ({ stage, stateDir, platform, mailbox, relays, behaviours, defaultFrom }) => {
      const target = await resolveTarget({ stateDir });
      const monitor = watch(platform.stack, { depths: (url) => queueDepth(target.sqs, url), onProblem });
      const setSecret = (relay: string, secret: RelaySecret) => platform.setSecret(relay, JSON.stringify(secret));
      const simulated = simulatedRelays({ relays, behaviours, setSecret });
      const room = relayRoom(target, simulated, clock);
      const { sqs } = platform.endpoints;
      const hide = server.show({
        ...{ stage, stateDir, monitor, mailbox, target, sqs, clock, defaultFrom, simulated },
        relays: room,
      });
      return async () => {
        await hide();
        await monitor.close();
        target.close();
      };
    },
    close: () => server.close(),
  };
}
