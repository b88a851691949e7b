import assert from 'node:assert/strict';
import { join } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Browser, Page, Request } from 'playwright-core';
import type { LocalSystem } from '../../local/commands/system.ts';
import { createAwsClients } from '../../local/platform/aws-clients.ts';
import { violations } from './accessibility.ts';
import type { Checks } from './checks.ts';

export interface ConsoleUnderTest {
  readonly browser: Browser;
  readonly system: LocalSystem;
  readonly checks: Checks;
  /** Directory. */
  readonly screenshots: string;
}

const laptop = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };
/** Time runs ten times as fast: an alarm of three minutes needs one. */
const patience = { timeout: 120_000 };

export async function checkConsole({ browser, system, checks, screenshots }: ConsoleUnderTest): Promise<void> {
  const url = system.consoleUrl ?? '';
  const page = await browser.newPage({ viewport: laptop, colorScheme: 'light' });
  const { faults, foreign } = listen(page, url);
  const shot = (name: string) => page.screenshot({ path: join(screenshots, `${name}.png`) });
  const { check } = checks;

  await check('the page shows the alarms and the dashboard of the template', () => opens(page, url, system));
  await check('a keyboard reaches the content first', () => skipsByKeyboard(page));
  await check('mails sent from the page arrive in the mailbox', () => sendsMails(page, url));
  await check('a mail runs nothing and loads nothing', () => disarmsMails(page, url, system, foreign));
  await shot('mailbox');
  await check('graphs show what was sent', () => drawsMails(page, url));
  await check('a relay that is down sets off its alarm', () => setsOff(page));
  await check('the alarm leads to its entry in the runbook, by keyboard', () => readsRunbook(page));
  await page.evaluate('scrollTo(0, 0)');
  await shot('alarm-light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await check('nothing on the page is in the way of assistive technology, in the dark', () => isAccessible(page));
  await shot('alarm-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await check('nothing on the page is in the way of assistive technology', () => isAccessible(page));
  await check('the alarm clears after the repair', () => clears(page));
  await check('every room fits a phone', () => fitsPhone(page, url, shot));
  await check('the story of a mail is told', () => tellsStory(page, url));
  await check('nothing failed in the page, and nothing was asked of others', async () => {
    assert.deepEqual(faults, []);
    assert.deepEqual(foreign, []);
  });
  await page.close();
}

/** Errors of the page, and requests to anybody but the console. */
function listen(page: Page, url: string): { readonly faults: string[]; readonly foreign: string[] } {
  const [faults, foreign]: [string[], string[]] = [[], []];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    // The sandbox tells that it held a script of the mail back: what the check wants.
    if (message.type() === 'error' && !/sandboxed|Content Security Policy/.test(message.text()))
      faults.push(message.text());
  });
  const note = (request: Request) => {
    const own = request.url().startsWith(url) || request.url().startsWith('data:');
    // What the mail's policy holds back shows up as well, and never leaves.
    if (!own && request.failure()?.errorText !== 'csp')
      foreign.push(`${request.url()} ${request.failure()?.errorText}`);
  };
  page.on('requestfinished', note).on('requestfailed', note);
  return { faults, foreign };
}

async function opens(page: Page, url: string, { endpoints }: LocalSystem): Promise<void> {
  await page.goto(url);
  await page.getByRole('heading', { name: 'Alarms' }).waitFor();
  await page.locator('.graph canvas').first().waitFor(patience);
  assert.ok((await page.locator('.all-alarms button').count()) > 25);
  assert.ok((await page.locator('.graph canvas').count()) > 20);
  assert.equal(
    await page.locator('.relay').count(),
    Object.keys(JSON.parse(endpoints.outputs['RelaySecretArns'] ?? '{}')).length,
  );
  for (const role of ['banner', 'navigation', 'main', 'contentinfo'] as const) await page.getByRole(role).waitFor();
}

async function skipsByKeyboard(page: Page): Promise<void> {
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'To the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate('document.activeElement.id'), 'content');
}

async function sendsMails(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/#queue`);
  await page.getByRole('button', { name: 'Send 10 test mails' }).click();
  await page.goto(`${url}/#mailbox`);
  await page.locator('.mails li').nth(9).waitFor(patience);
  const frame = page.frameLocator('.reader iframe');
  await frame.getByText('of a local Postroom').waitFor(patience);
}

async function disarmsMails(page: Page, url: string, system: LocalSystem, foreign: readonly string[]): Promise<void> {
  const clients = createAwsClients(system.endpoints);
  const html = `<h1>Armed</h1><script>top.document.title = 'taken over'</script>
    <img src="http://192.0.2.1/pixel.png" onerror="top.document.title = 'taken over'"><form action="http://192.0.2.1"><button>x</button></form>`;
  const body = {
    idempotencyKey: 'armed',
    from: 'shop@example.com',
    to: ['ada@example.org'],
    subject: 'Armed mail',
    html,
  };
  const QueueUrl = system.endpoints.outputs['IntakeQueueUrl'];
  await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(body) }));
  clients.destroy();
  await page.goto(`${url}/#mailbox`);
  await page.getByRole('link', { name: 'Armed mail' }).click(patience);
  const frame = page.frameLocator('.reader iframe');
  await frame.getByRole('heading', { name: 'Armed' }).waitFor(patience);
  await frame.getByRole('button', { name: 'x' }).click();
  assert.match(await page.title(), /Postroom dev/);
  assert.deepEqual(foreign, []);
}

async function drawsMails(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/#now`);
  const mail = page.locator('.graph[data-title="Mail"]');
  await mail.and(page.locator('[data-empty="false"]')).waitFor(patience);
  assert.match((await mail.locator('.plot').getAttribute('aria-label')) ?? '', /^Mail, last period: received/);
}

const ringing = (page: Page) => page.locator('.alarm[data-alarm="RelayOffline-primary"]');
const rehearse = (page: Page, incident: string) =>
  page.locator('[data-relay="primary"]').getByLabel('Rehearse').selectOption({ label: incident });

async function setsOff(page: Page): Promise<void> {
  assert.equal(await ringing(page).count(), 0);
  await rehearse(page, 'Its host is down');
  await page.locator('[data-relay="primary"][data-level="bad"]').waitFor(patience);
  await ringing(page).waitFor(patience);
  await page.locator('.verdict[data-level="WATCH"]').waitFor(patience);
  assert.match(await page.title(), /^\(\d+\)/);
}

async function readsRunbook(page: Page): Promise<void> {
  const button = ringing(page).getByRole('button', { name: 'Runbook' });
  await button.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'RelayOffline-primary' });
  await dialog.getByText('How to repair').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(await button.evaluate((element) => element.ownerDocument.activeElement === element), true);
}

async function clears(page: Page): Promise<void> {
  await rehearse(page, 'It is well');
  await page.locator('[data-relay="primary"][data-level="good"]').waitFor(patience);
  await ringing(page).waitFor({ state: 'detached', ...patience });
  await page.locator('.verdict[data-level="OK"]').waitFor(patience);
}

async function isAccessible(page: Page): Promise<void> {
  assert.deepEqual(await violations(page), []);
}

async function fitsPhone(page: Page, url: string, shot: (name: string) => Promise<unknown>): Promise<void> {
  await page.setViewportSize(phone);
  for (const room of ['now', 'dead-letters', 'queue', 'mailbox', 'story']) {
    await page.goto(`${url}/#${room}`);
    await page.locator(`#room-${room}`).waitFor();
    const [wide, shown] = [
      await page.evaluate('document.scrollingElement.scrollWidth'),
      await page.evaluate('innerWidth'),
    ];
    assert.equal(wide, shown, `${room} is wider than a phone`);
    await shot(`phone-${room}`);
  }
  await page.setViewportSize(laptop);
}

async function tellsStory(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/#story`);
  await page.getByLabel('Idempotency key, or SQS message id').fill('armed');
  await page.getByRole('button', { name: 'Tell' }).click();
  await page.getByText('Delivered to its recipient').waitFor();
  await page.getByText('primary took it for 1 recipient').waitFor();
}
