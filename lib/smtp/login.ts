import type { SMTPConnectionAuth } from 'nodemailer/lib/smtp-connection';
import XOAuth2 from 'nodemailer/lib/xoauth2';
import type { Extensions } from './extensions.ts';
import type { PasswordAuth, TokenAuth } from './transport.ts';

/** In the order of preference, not of the relay's list: many offer CRAM-MD5 over a password store that cannot check it. */
const passwordMethods = ['PLAIN', 'LOGIN', 'CRAM-MD5'] as const;
/** Without TLS, a mechanism that does not show the password goes first. */
const plaintextMethods = ['CRAM-MD5', 'PLAIN', 'LOGIN'] as const;

/**
 * What nodemailer needs to log in, or why it must not try. A mechanism that the relay does not offer is not tried: the
 * secret would be sent for nothing.
 */
export function loginFor(
  auth: PasswordAuth | TokenAuth,
  extensions: Extensions,
  secured: boolean,
): SMTPConnectionAuth | string {
  const offered = extensions.get('AUTH') ?? [];
  if (auth.kind === 'token') {
    if (!offered.includes('XOAUTH2')) return 'the relay does not offer AUTH XOAUTH2';
    const { user, accessToken } = auth;
    return { method: 'XOAUTH2', user, oauth2: new XOAuth2({ user, accessToken }) };
  }
  const preferred = secured ? passwordMethods : plaintextMethods;
  const wanted = auth.method === undefined ? preferred : [auth.method];
  const method = wanted.find((name) => offered.includes(name));
  if (method === undefined) return `the relay does not offer AUTH ${wanted.join(', ')}`;
  return { method, user: auth.username, pass: auth.password };
}
