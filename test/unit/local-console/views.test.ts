import { describe, expect, it } from 'vitest';
import { alarmNames } from '../../../lib/contracts/alarms/names.ts';
import { alarmViews, readDescription } from '../../../local/console/alarms.ts';
import { mailDocument, mailPolicy } from '../../../local/console/mails.ts';
import { renderMarkdown, runbookEntry, sectionOf } from '../../../local/console/runbook.ts';
import { createAlarmBoard } from '../../../local/metrics/alarm-board.ts';
import { alarmsOf } from '../../../local/metrics/alarm-definition.ts';
import { createMetricStore } from '../../../local/metrics/store.ts';
import { resolvedStack } from '../../support/resolved-stack.ts';

describe('alarms on the page', () => {
  const board = createAlarmBoard(alarmsOf(resolvedStack().resources), createMetricStore(1000), { scale: 1, origin: 0 });
  const views = alarmViews(board.standings(), 'test');

  it('begin with the one that pages', () => {
    expect(views[0]).toMatchObject({ id: 'MailNotGoingOut', severity: 'page' });
    expect(views.slice(1).every(({ severity }) => severity === 'ticket')).toBe(true);
  });

  it('say in words what they mean, what to do first, and where the runbook is', () => {
    for (const { meaning, first, runbook } of views) {
      expect(meaning).toMatch(/^[^[].*\.$/s);
      expect(first).toMatch(/\.$/);
      expect(alarmNames.map((name) => name.toLowerCase())).toContain(runbook);
    }
  });

  it('of another form are shown as they are', () => {
    expect(readDescription('Something else')).toEqual({
      severity: 'ticket',
      meaning: 'Something else',
      first: '',
      runbook: '',
    });
  });
});

describe('the runbook on the page', () => {
  it.each(alarmNames)('has an entry for %s', async (name) => {
    expect(await runbookEntry(name.toLowerCase())).toMatch(/^<h2>.*<p>/s);
  });

  it('has none for what there is not', async () => {
    expect(await runbookEntry('nothing-of-the-kind')).toBeUndefined();
  });

  it('ends an entry at the next heading of its level, not at one in a code block', () => {
    const text = '# Book\n\n## One\n\ntext\n\n### Part\n\n```sh\n## no heading\n```\n\n## Two\n\nother';
    expect(sectionOf(text, 'one')).toBe('## One\n\ntext\n\n### Part\n\n```sh\n## no heading\n```\n');
    expect(sectionOf(text, 'two')).toBe('## Two\n\nother');
  });

  it('is rendered without letting HTML or scripts through', () => {
    const html = renderMarkdown(
      '<img src=x onerror=alert(1)> [a](javascript:alert(1)) [b](https://example.com)\n\n|a|\n|-|\n|1|',
    );
    expect(html).toContain('&lt;img');
    expect(html).not.toContain('javascript:');
    expect(html).toContain('href="https://example.com"');
    expect(html).toContain('<table>');
  });
});

describe('a mail in its frame', () => {
  const delivered = (message: string) => ({
    id: '1',
    relay: 'primary',
    envelope: { from: 'a@example.com', to: ['b@example.com'] },
    receivedAt: '2026-01-01T00:00:00Z',
    message: Buffer.from(message),
  });

  it('is its HTML, with the pictures that it carries', async () => {
    const message = [
      'Content-Type: multipart/related; boundary=b',
      '',
      '--b',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>Hello <img src="cid:logo"></p><script>alert(1)</script>',
      '--b',
      'Content-Type: image/png',
      'Content-Id: <logo>',
      'Content-Transfer-Encoding: base64',
      '',
      'iVBORw0KGgo=',
      '--b--',
      '',
    ].join('\r\n');
    expect(await mailDocument(delivered(message))).toContain('<img src="data:image/png;base64,');
  });

  it('is its text, where it has no HTML', async () => {
    const text = await mailDocument(delivered('Content-Type: text/plain\r\n\r\n<b>not bold</b> & so on\r\n'));
    expect(text).toContain('&#60;b&#62;not bold&#60;/b&#62; &#38; so on');
  });

  it('can neither run nor load anything', () => {
    expect(mailPolicy.split('; ')).toEqual([
      "default-src 'none'",
      "style-src 'unsafe-inline'",
      'img-src data:',
      'sandbox',
    ]);
  });
});
