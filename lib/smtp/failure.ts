import type { NetworkError, NetworkErrorKind, Phase, SmtpFailure, SmtpReply } from '../outcome/outcome.ts';

/** Codes of the operating system and of nodemailer. What has another code comes from OpenSSL or from Node's TLS checks. */
const kinds: Readonly<Record<string, NetworkErrorKind>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  EADDRNOTAVAIL: 'refused',
  EACCES: 'refused',
  ETIMEDOUT: 'timeout',
  EPROTO: 'tls',
  ETLS: 'tls',
  EPROTOCOL: 'protocol',
  // nodemailer itself refused, before a byte was sent.
  EENVELOPE: 'protocol',
  EMESSAGE: 'protocol',
  ESTREAM: 'protocol',
};
const plainCode = /^E[A-Z0-9]+$/;

/** The code that tells what happened: nodemailer replaces it with its own and keeps it as `originalCode`. */
export function errorCode(error: Error): string {
  if ('originalCode' in error && typeof error.originalCode === 'string') return error.originalCode;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/**
 * An error of a socket, of TLS or of nodemailer. The message is the code alone, except for TLS, whose texts name the
 * broken rule and the certificate: a connection's other texts hold addresses.
 */
export function networkErrorOf(error: Error): NetworkError {
  const code = errorCode(error);
  const kind = kinds[code] ?? (plainCode.test(code) || code === 'Error' ? 'closed' : 'tls');
  return { kind, message: kind === 'tls' ? `${code}: ${reason(error)}` : code };
}

/** OpenSSL's own words where it has some; Node puts addresses of memory and source files around them. */
function reason(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}

export function timedOut(milliseconds: number): NetworkError {
  return { kind: 'timeout', message: `no answer within ${Math.round(milliseconds)} ms` };
}

export function failedBy(phase: Phase, error: NetworkError, reused = false): SmtpFailure {
  return { phase, reused, error };
}

/** A failure made of a reply where one was wanted: an error reply as it is, another one as a breach of the protocol. */
export function refusedBy(phase: Phase, reply: SmtpReply, reused = false): SmtpFailure {
  if (reply.code >= 400) return { phase, reused, reply };
  return failedBy(phase, { kind: 'protocol', message: `unexpected reply ${reply.code}` }, reused);
}
