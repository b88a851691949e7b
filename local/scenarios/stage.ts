import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { dynamoDbRelayHealth } from '../../lib/health/health-store.ts';
import { dynamoDbLedger } from '../../lib/ledger/dynamodb-store.ts';
import { peekDeadLetters } from '../commands/dead-letters.ts';
import { queueDepth } from '../commands/progress.ts';
import type { LocalSystem } from '../commands/system.ts';
import { createAwsClients } from '../platform/aws-clients.ts';
import type { EmbeddedRelay } from '../relays/relay.ts';
import type { LogRecords } from './log-records.ts';
import type { End, Fate, View } from './scenario.ts';

/** A running system, as far as a scenario acts on it and looks at it. */
export interface ScenarioStage {
  publish(mails: number): Promise<void>;
  relay(name: string): EmbeddedRelay;
  setSecret(relay: string, json: string): Promise<void>;
  view(times: View['times']): Promise<View>;
  end(view: View): Promise<End>;
  close(): void;
}

/** Nobody waits for these reads but the story: a busy machine may take its time. */
const patienceMs = 20_000;

/** @param log what the functions of the system log */
export function scenarioStage(system: LocalSystem, log: LogRecords): ScenarioStage {
  const { endpoints, mailbox, relays, platform } = system;
  const { IntakeQueueUrl = '', DeadLetterQueueUrl = '', LedgerTableName = '', ...outputs } = endpoints.outputs;
  const clients = createAwsClients(endpoints);
  const { sqs, dynamodb } = clients;
  const store = dynamoDbRelayHealth({
    client: dynamodb,
    tableName: outputs['RelayHealthTableName'] ?? '',
    patienceMs,
    onUnreadable: () => undefined,
  });
  const ledger = dynamoDbLedger(dynamodb, LedgerTableName);
  const startedAt = Date.now();
  let published = 0;

  const arrivals = () =>
    mailbox
      .list({ since: startedAt })
      .flatMap(({ relay, envelope, receivedAt }) =>
        envelope.to.map((recipient) => ({ relay, recipient, at: Date.parse(receivedAt) })),
      )
      .filter(({ recipient }) => recipient.endsWith(domain));

  return {
    publish: async (mails) => {
      const numbers = Array.from({ length: mails }, (_, index) => published + index);
      published += mails;
      for (let start = 0; start < mails; start += 10) {
        const Entries = numbers
          .slice(start, start + 10)
          .map((number) => ({ Id: String(number), MessageBody: body(number, endpoints.defaultFrom) }));
        await sqs.send(new SendMessageBatchCommand({ QueueUrl: IntakeQueueUrl, Entries }));
      }
    },
    relay: (name) => {
      const relay = relays.get(name);
      if (relay === undefined) throw new Error(`The scenario needs an embedded relay ${name}.`);
      return relay;
    },
    setSecret: platform.setSecret,
    view: async (times) => {
      const [depth, health] = await Promise.all([queueDepth(sqs, IntakeQueueUrl), store.readAll([...relays.keys()])]);
      return {
        now: Date.now(),
        published,
        queued: depth.queued + depth.inFlight,
        arrivals: arrivals(),
        health,
        times,
        logged: (event, relay) => log.of(event, { from: startedAt, ...(relay === undefined ? {} : { relay }) }).length,
      };
    },
    end: async (view) => {
      const fates: Fate[] = [];
      for (let number = 0; number < published; number += 1) {
        const recipient = recipientOf(number);
        const item = await ledger.read(keyOf(number));
        const takenBy = view.arrivals.filter((one) => one.recipient === recipient).map(({ relay }) => relay);
        const { doubts = 0 } = item?.recipients[recipient] ?? {};
        fates.push({ recipient, takenBy, attempts: item?.attempts ?? 0, doubts });
      }
      return { view, fates, deadLetters: (await peekDeadLetters(sqs, DeadLetterQueueUrl)).length };
    },
    close: () => clients.destroy(),
  };
}

const domain = '@scenario.example';
const recipientOf = (number: number): string => `reader-${number}${domain}`;
const keyOf = (number: number): string => `scenario/${number}`;

function body(number: number, from: string): string {
  return JSON.stringify({
    idempotencyKey: keyOf(number),
    from,
    to: [recipientOf(number)],
    subject: `Background mail ${number}`,
    text: 'There must be something to watch.',
  });
}
