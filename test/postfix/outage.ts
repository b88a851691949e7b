import { strict as assert } from 'node:assert';
import { setTimeout as pause } from 'node:timers/promises';
import { drainDeadLetters, readLedger } from '../../bench/chaos/evidence.ts';
import { judge } from '../../bench/chaos/judge.ts';
import type { ChaosMail } from '../../bench/chaos/workload.ts';
import { queueDepth } from '../../local/commands/progress.ts';
import { type Scene, until } from './scene.ts';

const mailCount = 1000;
const outages = 4;

/** Postfix goes and comes back under load: nothing may be lost, and nothing repeated but for a counted doubt. */
export async function postfixComesAndGoes(scene: Scene): Promise<void> {
  const mails = Array.from({ length: mailCount }, (_, index) => bulkMail(index));
  const publishing = scene.publish(mails.map(({ body }) => body));
  for (let outage = 1; outage <= outages; outage += 1) {
    const wanted = (mailCount * outage) / (outages + 1);
    await until(`${wanted} mails taken`, async () => (await arrived(scene)) >= wanted, 120);
    await scene.postfix.stop();
    await pause(1500);
    await scene.postfix.start();
  }
  await publishing;
  const queueUrl = scene.output('IntakeQueueUrl');
  await until(
    'an empty intake queue',
    async () => {
      const { queued, inFlight } = await queueDepth(scene.aws.sqs, queueUrl);
      return queued + inFlight === 0;
    },
    180,
  );
  await until('an empty Postfix queue', async () => (await scene.postfix.queued()) === 0);
  const { violations, counts } = judge(mails, {
    ledger: await readLedger(scene.aws.dynamodb, scene.output('LedgerTableName')),
    deadLetters: await drainDeadLetters(scene.aws.sqs, scene.output('DeadLetterQueueUrl')),
    arrivals: await arrivals(scene),
    queued: 0,
  });
  for (const [what, count] of Object.entries(counts)) console.log(`${String(count).padStart(8)}  ${what}`);
  assert.deepEqual(violations, []);
}

function bulkMail(index: number): ChaosMail {
  const subject = `bulk ${String(index).padStart(4, '0')}`;
  const key = `bulk/${index}`;
  const recipients = [`m${index}@bulk.example`];
  const body = {
    idempotencyKey: key,
    from: 'shop@sender.example',
    to: recipients,
    subject,
    text: `This is ${subject}.`,
  };
  return { kind: 'sound', key, subject, recipients, body: JSON.stringify(body), onUncertain: 'resend', copies: 1 };
}

async function arrived({ postfix }: Scene): Promise<number> {
  return (await postfix.mails('@bulk.example')).length;
}

async function arrivals({ postfix }: Scene): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const text of await postfix.mails('@bulk.example')) {
    const address = /^Delivered-To: (.*)$/m.exec(text)?.[1] ?? '';
    const subject = /^Subject: (.*)$/m.exec(text)?.[1] ?? '';
    found.set(address, [...(found.get(address) ?? []), subject]);
  }
  return found;
}
