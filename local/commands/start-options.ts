import { parseArgs } from 'node:util';
import { UsageError } from '../../ops/shared/command.ts';
import { checkStage, parseOrExplain } from '../../ops/shared/options.ts';
import { fastestScale } from '../console/hurry.ts';
import { scenarios } from '../scenarios/catalogue.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { type ExternalRelay, parseRelayUrls } from './relay-url.ts';

export const startHelp = `Runs the whole of Postroom on this machine: the synthesised stack on embedded AWS emulators,
two embedded SMTP relays, a mailbox that shows what they took, and a console page with the stack's dashboard and alarms.
Stops with Ctrl-C.

  npm start -- [options]

  --relay NAME=smtp://user:pass@host:port?tls=none|starttls|implicit
                    a relay to use instead of the embedded ones; may be repeated.
                    Without ?tls= it is starttls. Percent-encode user and password.
  --stage NAME      stage whose config to run: cdk/stages/NAME.json   (dev)
  --config PATH     another stage config file
  --scenario NAME   embedded relays misbehave, on a stage of its own, and background mail is sent: what to watch is
                    said on the screen. One of ${[...scenarios.keys()].join(', ')}
  --time-scale N    schedules, probes, alarms and graphs run N times as fast as in AWS, 1 to 10, so that an
                    alarm that waits for ten minutes goes off within one    (10; 1 with --relay or --scenario)
  --state-dir DIR   where endpoints.json is written when all is ready  (.postroom)
  --help            this text
`;

export interface StartOptions {
  readonly relays: readonly ExternalRelay[];
  readonly stage: string;
  readonly configPath: string;
  readonly stateDir: string;
  /** Played instead of the stage's own config. */
  readonly scenario?: Scenario;
  readonly scenarioName?: string;
  readonly timeScale: number;
}

/** Undefined: the help was asked for. */
export function parseStartOptions(args: readonly string[]): StartOptions | undefined {
  const { values } = parseOrExplain(() =>
    parseArgs({
      args: [...args],
      options: {
        relay: { type: 'string', multiple: true, default: [] },
        stage: { type: 'string', default: 'dev' },
        config: { type: 'string' },
        scenario: { type: 'string' },
        'state-dir': { type: 'string', default: '.postroom' },
        'time-scale': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) return undefined;
  checkStage(values.stage);
  const relays = parseRelayUrls(values.relay);
  return {
    relays,
    stage: values.stage,
    configPath: values.config ?? `cdk/stages/${values.stage}.json`,
    stateDir: values['state-dir'],
    ...scenarioOf(values),
    // Somebody else's relay is probed no more often than from AWS, unless that is asked for; a scenario has its own times.
    timeScale: readTimeScale(
      values['time-scale'],
      relays.length > 0 || values.scenario !== undefined ? 1 : fastestScale,
    ),
  };
}

function readTimeScale(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const scale = Number(text);
  if (text !== '' && scale >= 1 && scale <= fastestScale) return scale;
  throw new UsageError(`--time-scale is "${text}"; allowed: a number from 1 to ${fastestScale}`);
}

function scenarioOf(values: {
  readonly scenario?: string | undefined;
  readonly config?: string | undefined;
  readonly relay: readonly string[];
}): Pick<StartOptions, 'scenario' | 'scenarioName'> {
  const { scenario: name, config, relay } = values;
  if (name === undefined) return {};
  const scenario = scenarios.get(name);
  if (scenario === undefined) {
    throw new UsageError(`There is no scenario "${name}"; there are ${[...scenarios.keys()].join(', ')}`);
  }
  if (config !== undefined || relay.length > 0) {
    throw new UsageError('--scenario brings its own stage and relays: leave out --config and --relay');
  }
  return { scenario, scenarioName: name };
}
