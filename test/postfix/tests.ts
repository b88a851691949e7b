import { strict as assert } from 'node:assert';
import { simpleParser } from 'mailparser';
import { drainDeadLetters } from '../../bench/chaos/evidence.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import { parseReport } from '../support/delivery-status.ts';
import { bounceAbout } from './bounce.ts';
import { type Scene, until } from './scene.ts';

export type PostfixTest = (scene: Scene) => Promise<void>;

function mail(key: string, fields: object): string {
  return JSON.stringify({
    idempotencyKey: key,
    from: 'Shop <shop@sender.example>',
    subject: key,
    text: 'Hello',
    bounces: 'off',
    ...fields,
  });
}

/** What Postfix's mailbox holds of that subject. */
function delivered({ postfix }: Scene, address: string, subject: string, seconds?: number): Promise<string> {
  const look = async () => (await postfix.mails(address)).find((text) => text.includes(`\nSubject: ${subject}\n`));
  return until(`${subject} in the mailbox of ${address}`, look, seconds);
}

function settled(scene: Scene, key: string): Promise<LedgerItem> {
  return until(`${key} settled`, async () => {
    const item = await scene.ledgerItem(key);
    const owing = Object.values(item?.deadLetters ?? {}).some(({ pending }) => pending);
    return item?.state === 'settled' && !owing && item;
  });
}

export const tests: Readonly<Record<string, PostfixTest>> = {
  async 'a mail arrives with the content it was given, after AUTH over STARTTLS'(scene) {
    const attachment = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 256));
    const fields = {
      to: ['ada@example.org'],
      text: 'Grüße\n.\n..dots\nlast line',
      html: '<p>Grüße</p>',
      attachments: [{ filename: 'all bytes.bin', content: attachment.toString('base64') }],
    };
    await scene.publish([mail('content', fields)]);

    const parsed = await simpleParser(await delivered(scene, 'ada@example.org', 'content'));

    assert.equal(parsed.text?.trimEnd(), fields.text);
    assert.equal(parsed.html, fields.html);
    assert.deepEqual(parsed.attachments[0]?.content, attachment);
    assert.equal(parsed.from?.text, '"Shop" <shop@sender.example>');
    const log = await scene.postfix.log();
    assert.match(log, /TLS connection established from .* TLSv1\.3/);
    assert.match(log, /sasl_method=PLAIN, sasl_username=postroom/);
  },

  async 'a raw message arrives byte for byte'(scene) {
    const body = ['A line', '.', '..two dots', '', `long ${'x'.repeat(900)}`, '.leading dot', 'end', ''].join('\r\n');
    const header = 'From: shop@sender.example\r\nTo: ada@example.org\r\nSubject: raw\r\nMessage-ID: <1@sender.example>';
    const content = Buffer.from(`${header}\r\n\r\n${body}`).toString('base64');
    const envelope = { from: 'shop@sender.example', to: ['ada@example.org'] };
    await scene.publish([JSON.stringify({ idempotencyKey: 'raw', raw: { content }, envelope })]);

    const text = await delivered(scene, 'ada@example.org', 'raw');

    assert.equal(text.slice(text.indexOf('\n\n') + 2), body.replaceAll('\r\n', '\n'));
  },

  async 'a recipient that Postfix defers gets the mail later, the other one now, each once'(scene) {
    scene.greylist.add('bob@example.org');
    await scene.publish([mail('greylisted', { to: ['ada@example.org', 'bob@example.org'] })]);

    await delivered(scene, 'bob@example.org', 'greylisted');
    const item = await settled(scene, 'greylisted');

    assert.equal(item.attempts, 2);
    for (const address of ['ada@example.org', 'bob@example.org']) {
      const copies = (await scene.postfix.mails(address)).filter((text) => text.includes('\nSubject: greylisted\n'));
      assert.equal(copies.length, 1, address);
    }
  },

  async 'an unknown user is dead-lettered with what Postfix said'(scene) {
    await scene.publish([mail('unknown', { to: ['nobody@example.org', 'ada@example.org'] })]);

    await delivered(scene, 'ada@example.org', 'unknown');
    const item = await settled(scene, 'unknown');
    const entries = await drainDeadLetters(scene.aws.sqs, scene.output('DeadLetterQueueUrl'));

    const { reason, recipients } = entries[0] ?? {};
    assert.deepEqual(
      { entries: entries.length, reason, recipients },
      {
        entries: 1,
        reason: 'rejected',
        recipients: ['nobody@example.org'],
      },
    );
    const { code, enhancedCode, text = '', phase } = item.recipients['nobody@example.org'] ?? {};
    assert.deepEqual({ code, enhancedCode, phase }, { code: 550, enhancedCode: '5.1.1', phase: 'rcpt' });
    assert.match(text, /User unknown in virtual mailbox table/);
  },

  async 'a bounce is taken from a null sender, and arrives as it was made'(scene) {
    const fields = { to: ['gone@example.org'], envelope: { from: 'returns@[127.0.0.1]' }, bounces: undefined };
    const body = mail('bounced', fields);
    await scene.publish([body]);

    const box = 'returns@example.org';
    const text = await until('the bounce', async () => (await scene.postfix.mails(box))[0]);
    const item = await settled(scene, 'bounced');
    await drainDeadLetters(scene.aws.sqs, scene.output('DeadLetterQueueUrl'));

    assert.match(text, /^Return-Path: <>$/m);
    assert.match(await scene.postfix.log(), /from=<>, size=/);
    const made = await bounceAbout(body, item);
    assert.equal(text.slice(text.indexOf('\nX-Postroom-Id: ') + 1), made.toString('latin1').replaceAll('\r\n', '\n'));
    assert.equal((await parseReport(made)).recipients[0]?.['status'], '5.1.1');
    assert.equal((await scene.postfix.mails(box)).length, 1);
  },

  async 'every password mechanism that Postfix offers works'(scene) {
    for (const authMethod of ['LOGIN', 'CRAM-MD5', 'PLAIN']) {
      await scene.useSecret({ authMethod });
      await scene.publish([mail(authMethod, { to: ['ada@example.org'] })]);
      await delivered(scene, 'ada@example.org', authMethod);
      assert.match(await scene.postfix.log(), new RegExp(`sasl_method=${authMethod}, `));
    }
  },

  async 'a wrong password is the fault of nobody’s mail: it waits, and goes out with the right one'(scene) {
    // The version before is tried as well: a rotation may be only half done.
    for (const password of ['wrong', 'wrong as well']) await scene.useSecret({ password });
    await scene.publish([mail('password', { to: ['ada@example.org'] })]);
    await until('a wait', async () =>
      scene.logs.some((line) => line.includes('mail.waiting') && line.includes('password')),
    );
    assert.match(await scene.postfix.log(), /SASL \S+ authentication failed/);
    assert.equal((await scene.ledgerItem('password'))?.attempts ?? 0, 0);
    assert.deepEqual(await drainDeadLetters(scene.aws.sqs, scene.output('DeadLetterQueueUrl')), []);

    await scene.putSecret({});
    await delivered(scene, 'ada@example.org', 'password', 150);

    assert.equal((await settled(scene, 'password')).attempts, 1);
    assert.deepEqual(await drainDeadLetters(scene.aws.sqs, scene.output('DeadLetterQueueUrl')), []);
  },
};
