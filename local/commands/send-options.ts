import { parseArgs } from 'node:util';
import { UsageError } from '../../ops/shared/command.ts';
import { parseOrExplain } from '../../ops/shared/options.ts';

export const sendHelp = `Publishes one message to Postroom and follows it until its fate is known.

  npm run send -- --to ADDRESS --subject TEXT --text TEXT [options]
  npm run send -- --file message.json [options]

  --to, --cc ADDRESS   a recipient; may be repeated
  --from ADDRESS       the sender; locally there is a default
  --subject, --text, --html TEXT
  --key KEY            idempotency key: the same key is delivered once
  --file PATH          a whole intake message as JSON, published as it stands
  --queue-url URL      a deployed intake queue, with the AWS SDK's standard environment
  --stage NAME         the deployed stage, to find its ledger  (dev)
  --state-dir DIR      the state directory of the local run  (.postroom)
  --timeout SECONDS    how long to follow  (120)
  --help               this text

Exits 0 when everybody's relay accepted it, 1 when somebody's did not, 2 when the arguments are wrong or nothing runs
there, 3 when the fate is not known in time.
`;

/** What to publish: a file as it stands, or the fields of an intake message. */
export type Content =
  | { readonly file: string }
  | { readonly fields: Readonly<Record<string, unknown>> & { readonly from?: string } };

export interface SendOptions {
  readonly content: Content;
  readonly key?: string;
  readonly queueUrl?: string;
  readonly stage: string;
  readonly stateDir: string;
  readonly timeoutMs: number;
}

const text = { type: 'string' } as const;
const list = { type: 'string', multiple: true } as const;

/** Undefined: the help was asked for. */
export function parseSendOptions(args: readonly string[]): SendOptions | undefined {
  const { values } = parseOrExplain(() =>
    parseArgs({
      args: [...args],
      options: {
        to: list,
        cc: list,
        from: text,
        subject: text,
        text,
        html: text,
        key: text,
        file: text,
        'queue-url': text,
        stage: { type: 'string', default: 'dev' },
        'state-dir': { type: 'string', default: '.postroom' },
        timeout: { type: 'string', default: '120' },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) return undefined;
  const { key, 'queue-url': queueUrl } = values;
  if (queueUrl !== undefined && !URL.canParse(queueUrl)) throw new UsageError('--queue-url: that is not a URL');
  const seconds = Number(values.timeout);
  if (!(seconds > 0)) throw new UsageError(`--timeout is "${values.timeout}"; allowed: a number of seconds above 0`);
  return {
    content: contentOf({ ...values, to: values.to ?? [], cc: values.cc ?? [] }),
    ...(key !== undefined && { key }),
    ...(queueUrl !== undefined && { queueUrl }),
    stage: values.stage,
    stateDir: values['state-dir'],
    timeoutMs: seconds * 1000,
  };
}

interface ContentValues {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly from?: string | undefined;
  readonly subject?: string | undefined;
  readonly text?: string | undefined;
  readonly html?: string | undefined;
  readonly key?: string | undefined;
  readonly file?: string | undefined;
  readonly 'queue-url'?: string | undefined;
}

function contentOf(values: ContentValues): Content {
  const { to, cc, from, subject, text, html, key, file } = values;
  const given = { from, subject, text, html, key };
  if (file !== undefined) {
    const stray = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
    const other = to.length > 0 ? 'to' : cc.length > 0 ? 'cc' : stray;
    if (other !== undefined) throw new UsageError(`--${other} cannot be combined with --file: put it into the file`);
    return { file };
  }
  if (to.length === 0) throw new UsageError('--to is missing: at least one recipient, or a whole message with --file');
  if (text === undefined && html === undefined) throw new UsageError('--text or --html is missing');
  if (from === undefined && values['queue-url'] !== undefined) {
    throw new UsageError('--from is missing: a deployed queue has no default sender');
  }
  const fields = { from, to, cc: cc.length === 0 ? undefined : cc, subject, text, html, idempotencyKey: key };
  return { fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) };
}
