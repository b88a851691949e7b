import type { ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  /** Content-Security-Policy; that of the page when absent. */
  readonly policy?: string;
}

/**
 * Scripts, styles and data come from here alone; `data:` images are in delivered mails. Inline styles are what uPlot sets
 * on its elements.
 */
export const pagePolicy = (importMapHash: string) =>
  [
    "default-src 'none'",
    `script-src 'self' '${importMapHash}'`,
    "style-src 'self' 'unsafe-inline'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

export const json = (value: unknown, status = 200): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});

export const plain = (status: number, text: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${text}\n`,
});

export const html = (body: string, policy?: string): Answer => ({
  status: 200,
  type: 'text/html; charset=utf-8',
  body,
  ...(policy === undefined ? {} : { policy }),
});

export function send(response: ServerResponse, { status, type, body, policy = "default-src 'none'" }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  });
  response.end(body);
}
