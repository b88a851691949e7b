import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { refusal } from '../../../local/console/guard.ts';

const host = '127.0.0.1:4000';
const posted = { host, origin: `http://${host}`, 'content-type': 'application/json' };

function request(method: string, headers: Readonly<Record<string, string | undefined>>): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.method = method;
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) message.headers[name] = value;
  return message;
}

describe('who may ask the console', () => {
  it.each([host, 'localhost:4000', 'localhost'])('whoever reads it at %s', (name) => {
    expect(refusal(request('GET', { host: name }))).toBeUndefined();
  });

  it.each(['console.attacker.example:4000', '192.168.1.5:4000', '127.0.0.1.attacker.example', undefined])(
    'nobody at %s, which may be a name that somebody else pointed here',
    (name) => {
      expect(refusal(request('GET', { host: name }))).toBe('Loopback only');
      expect(refusal(request('POST', { ...posted, host: name }))).toBe('Loopback only');
    },
  );

  it('its own page, to change something', () => {
    expect(refusal(request('POST', posted))).toBeUndefined();
  });

  it.each([
    ['another site', { origin: 'https://attacker.example' }, 'Not from another site'],
    ['another port of this machine', { origin: 'http://127.0.0.1:5000' }, 'Not from another site'],
    ['a page without an origin, such as a sandboxed mail', { origin: 'null' }, 'Not from another site'],
    ['nobody knows whom', { origin: undefined }, 'Not from another site'],
    ['a form', { 'content-type': 'text/plain' }, 'Only JSON'],
  ])('not %s, to change something', (_who, headers, why) => {
    expect(refusal(request('POST', { ...posted, ...headers }))).toBe(why);
  });

  it('no other method', () => {
    expect(refusal(request('DELETE', posted))).toBe('Only GET and POST');
  });
});
