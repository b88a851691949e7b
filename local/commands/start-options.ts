import { parseArgs } from 'node:util';
import { checkStage, parseOrExplain } from '../../ops/shared/options.ts';
import { type ExternalRelay, parseRelayUrls } from './relay-url.ts';

export const startHelp = `Runs the whole of Postroom on this machine: the synthesised stack on embedded AWS emulators,
two embedded SMTP relays, and a mailbox that shows what they took. Stops with Ctrl-C.

  npm start -- [options]

  --relay NAME=smtp://user:pass@host:port?tls=none|starttls|implicit
                    a relay to use instead of the embedded ones; may be repeated.
                    Without ?tls= it is starttls. Percent-encode user and password.
  --stage NAME      stage whose config to run: cdk/stages/NAME.json   (dev)
  --config PATH     another stage config file
  --state-dir DIR   where endpoints.json is written when all is ready  (.postroom)
  --help            this text
`;

export interface StartOptions {
  readonly relays: readonly ExternalRelay[];
  readonly stage: string;
  readonly configPath: string;
  readonly stateDir: string;
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
        'state-dir': { type: 'string', default: '.postroom' },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) return undefined;
  checkStage(values.stage);
  return {
    relays: parseRelayUrls(values.relay),
    stage: values.stage,
    configPath: values.config ?? `cdk/stages/${values.stage}.json`,
    stateDir: values['state-dir'],
  };
}
