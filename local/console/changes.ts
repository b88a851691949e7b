import { randomUUID } from 'node:crypto';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import * as v from 'valibot';
import { CommandError } from '../../ops/shared/command.ts';
import type { Target } from '../../ops/shared/target.ts';
import { type Answer, json, plain } from './answer.ts';
import { type RelayRoom, relayCommands } from './relays.ts';
import { incidentNames, type SimulatedRelays } from './simulation.ts';

export interface ChangeSources {
  readonly target: Target;
  readonly relays: RelayRoom;
  readonly simulated: SimulatedRelays;
  /** A sender address that the stage allows. */
  readonly defaultFrom: string;
}

const relayChange = v.strictObject({
  command: v.picklist(relayCommands),
  reason: v.optional(v.pipe(v.string(), v.maxLength(300))),
});
const simulation = v.strictObject({ incident: v.picklist(incidentNames) });
const mails = v.strictObject({ count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)) });

/** Does what a POST asks for; undefined when there is no such thing to ask for. */
export async function change(
  room: string,
  name: string,
  body: unknown,
  sources: ChangeSources,
): Promise<Answer | undefined> {
  try {
    switch (room) {
      case 'relays': {
        const { command, reason } = v.parse(relayChange, body);
        return json({ said: await sources.relays.run(command, name, reason) });
      }
      case 'simulation':
        await sources.simulated.begin(v.parse(simulation, body).incident, name);
        return json({ said: '' });
      case 'mails':
        return json({ said: await publish(v.parse(mails, body).count, sources) });
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof v.ValiError || error instanceof CommandError) return plain(400, error.message);
    throw error;
  }
}

/** Mails to look at: half of them with HTML. */
async function publish(count: number, { target, defaultFrom }: ChangeSources): Promise<string> {
  const run = randomUUID().slice(0, 8);
  const QueueUrl = target.output('IntakeQueueUrl');
  const bodies = Array.from({ length: count }, (_, index) => ({
    idempotencyKey: `console-${run}/${index + 1}`,
    from: defaultFrom,
    to: [`reader-${index + 1}@example.org`],
    subject: `Test mail ${index + 1} of ${count}`,
    text: 'Sent from the console of a local Postroom.',
    ...(index % 2 === 0 ? { html: '<p>Sent from the <strong>console</strong> of a local Postroom.</p>' } : {}),
  }));
  await Promise.all(
    bodies.map((body) => target.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(body) }))),
  );
  return `${count === 1 ? '1 mail is' : `${count} mails are`} on the intake queue.`;
}
