import type { MailView } from './mailbox.ts';

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
details { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: .5rem 0; }
summary { display: flex; gap: 1rem; cursor: pointer; overflow-wrap: anywhere; }
summary strong { flex: 1; }
small, dt { opacity: .7; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 1rem; overflow-wrap: anywhere; }
dd { margin: 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }`;

/** The mailbox as a page for people: newest first, each mail opens in place. Nothing in it loads or runs anything. */
export function mailboxPage(mails: readonly MailView[], total: number): string {
  const intro =
    total === 0
      ? 'Nothing has been delivered yet. Send a first mail, then reload.'
      : `${total} delivered; the newest ${mails.length} are shown. <a href="/messages">As JSON</a>.`;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Postroom mailbox</title><style>${style}</style>
<h1>Mailbox</h1><p>${intro}</p>
${[...mails].reverse().map(entry).join('\n')}
</html>
`;
}

function entry(mail: MailView): string {
  return `<details><summary><strong>${escapeHtml(mail.subject) || '(no subject)'}</strong><span>${escapeHtml(mail.envelope.to.join(', '))}</span><small>${escapeHtml(mail.receivedAt)}</small></summary>
<dl><dt>From</dt><dd>${escapeHtml(mail.from)}</dd><dt>To</dt><dd>${escapeHtml(mail.to)}</dd>
<dt>Envelope</dt><dd>${escapeHtml(`<${mail.envelope.from}> to ${mail.envelope.to.join(', ')}`)}</dd>
<dt>Relay</dt><dd>${escapeHtml(mail.relay)}</dd><dt>Size</dt><dd>${mail.size} bytes, <a href="/messages/${mail.id}/raw">as received</a></dd></dl>
<pre>${escapeHtml(mail.text)}</pre></details>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
