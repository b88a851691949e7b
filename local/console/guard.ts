import type { IncomingMessage } from 'node:http';

/**
 * Why a request must not be answered; undefined: it may. The console changes things, and any web page can send requests to
 * 127.0.0.1: one that points its own name there is told by `Host`, one that posts across sites by `Origin`, and one that
 * reads across sites by the browser, which hides the answer.
 */
export function refusal({ method, headers }: IncomingMessage): string | undefined {
  const { host = '' } = headers;
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) return 'Loopback only';
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (method !== 'POST') return 'Only GET and POST';
  if (headers.origin !== `http://${host}`) return 'Not from another site';
  // A form of another site cannot send it without asking first.
  return headers['content-type'] === 'application/json' ? undefined : 'Only JSON';
}
