import { benchHandler } from './run.ts';

/** The least that the handler must reach of a bare nodemailer pool's throughput, AWS answered in place of the clients. */
const leastRatio = 0.8;

/** The whole handler against a bare nodemailer pool. */
export async function handler(): Promise<number> {
  console.log('Handler against an accept-all SMTP server, batches of ten 4 KB html+text mails, five sessions');
  const judged = await benchHandler({ rounds: 41, batches: 12, aws: 'client' });
  const wire = await benchHandler({ rounds: 15, batches: 12, aws: 'wire' });
  const line = (name: string, { handler: mails, pool, ratio }: typeof judged): void => {
    const rates = `${mails.toFixed(0)} mails/s, bare nodemailer pool ${pool.toFixed(0)} mails/s`;
    console.log(`  ${name.padEnd(44)} ${rates}, ratio ${ratio.toFixed(2)}`);
  };
  line('AWS answered by in-memory stubs', judged);
  line('the SDK marshals and signs, no network', wire);
  console.log(`  the first ratio must be at least ${leastRatio}`);
  return judged.ratio >= leastRatio ? 0 : 1;
}
