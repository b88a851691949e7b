import type { SMTPConnectionAuth } from 'nodemailer/lib/smtp-connection';
import XOAuth2 from 'nodemailer/lib/xoauth2';
import type { Extensions } from './extensions.ts';
import type { PasswordAuth, TokenAuth } from './transport.ts';

const passwordMethods = ['PLAIN', 'LOGIN', 'CRAM-MD5'] as const;

/**
 * What nodemailer needs to log in, or why it must not try. A mechanism that the relay does not offer is not tried: the
 * secret would be sent for nothing.
 */
export function loginFor(auth: PasswordAuth | TokenAuth, extensions: Extensions): SMTPConnectionAuth | string {
  const offered = extensions.get('AUTH') ?? [];
  if (auth.kind === 'token') {
    if (!offered.includes('XOAUTH2')) return 'the relay does not offer AUTH XOAUTH2';
    const { user, accessToken } = auth;
    return { method: 'XOAUTH2', user, oauth2: new XOAuth2({ user, accessToken }) };
  }
  const wanted = auth.method === undefined ? passwordMethods : [auth.method];
  const method = offered.find((name) => wanted.some((each) => each === name));
  if (method === undefined) return `the relay does not offer AUTH ${wanted.join(', ')}`;
  return { method, user: auth.username, pass: auth.password };
}
