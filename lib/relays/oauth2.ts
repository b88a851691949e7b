/** What the client-credentials grant needs, straight from the relay's secret. */
export interface TokenRequest {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
}

export type TokenAnswer =
  | {
      readonly ok: true;
      readonly accessToken: string;
      /** Lifetime from the moment of the request, in milliseconds. */
      readonly lifetimeMs: number;
    }
  | {
      readonly ok: false;
      /** The endpoint knows us and says no: asking again with the same secret will not help. */
      readonly rejected: boolean;
      /** For logs; holds no secret. */
      readonly message: string;
    };

/** Asks a token endpoint once. Never rejects. The signal bounds the whole exchange, the answer's body included. */
export type FetchToken = (request: TokenRequest, signal: AbortSignal) => Promise<TokenAnswer>;

/** Access tokens take a few KiB; an endpoint that sends more is none. */
const maxAnswerBytes = 64 * 1024;
/** `expires_in` is only recommended (RFC 6749 §5.1). Short, because a guess that is too long costs refused logins. */
const assumedLifetimeSeconds = 300;

/**
 * The client-credentials grant (RFC 6749 §4.4) with the client's id and secret in the form body (§2.3.1), as Microsoft's
 * identity platform documents it for SMTP. Redirects are not followed: the secret goes to the configured URL only.
 */
export const fetchToken: FetchToken = async (request, signal) => {
  try {
    const response = await fetch(request.tokenUrl, {
      method: 'POST',
      redirect: 'manual',
      // A kept connection would be dead after the environment's freeze, and one token lasts an hour.
      headers: { accept: 'application/json', connection: 'close' },
      body: toForm(request),
      signal,
    });
    return readAnswer(request, response.status, await readBounded(response));
  } catch (error) {
    return failed(signal.aborted ? 'did not answer in time' : `could not be reached (${errorCode(error)})`);
  }
};

function toForm(request: TokenRequest): URLSearchParams {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: request.clientId,
    client_secret: request.clientSecret,
  });
  if (request.scope !== undefined) form.set('scope', request.scope);
  return form;
}

function readAnswer(request: TokenRequest, status: number, body: string | undefined): TokenAnswer {
  if (status >= 300 && status < 400) return failed(`answered ${status}, a redirect, which is not followed`);
  if (body === undefined) return failed(`answered ${status} with more than ${maxAnswerBytes} bytes`);
  const answer = parseObject(body);
  if (status >= 400 && status < 500 && typeof answer?.['error'] === 'string') {
    const description = [answer['error'], answer['error_description']].filter((part) => typeof part === 'string');
    return failed(
      `refused with ${status}: ${withoutSecrets(description.join(': '), request)}`,
      isFinal(answer['error']),
    );
  }
  if (status !== 200) return failed(`answered ${status}`);
  if (answer === undefined) return failed('answered with something that is not a JSON object');
  return readToken(answer);
}

function readToken(answer: Record<string, unknown>): TokenAnswer {
  const accessToken = answer['access_token'];
  // VSCHAR only (RFC 6749 appendix A.12): anything else could leave its field in the AUTH command.
  if (typeof accessToken !== 'string' || !/^[\x21-\x7e]+$/.test(accessToken)) {
    return failed('answered without a usable access_token');
  }
  // Some versions of Microsoft's endpoint write the number as a string.
  const seconds = Number(answer['expires_in'] ?? assumedLifetimeSeconds);
  const lifetimeMs = (Number.isFinite(seconds) && seconds > 0 ? seconds : assumedLifetimeSeconds) * 1000;
  return { ok: true, accessToken, lifetimeMs };
}

/** RFC 6749 §5.2: what is wrong with the client itself. `temporarily_unavailable` and unknown words may pass. */
function isFinal(error: string): boolean {
  return ['invalid_client', 'unauthorized_client', 'invalid_scope', 'invalid_grant', 'invalid_request'].includes(error);
}

/** Endpoints quote what they were sent: the secret, plain or form-encoded, is cut out, and the length bounded. */
function withoutSecrets(description: string, { clientSecret }: TokenRequest): string {
  const encoded = new URLSearchParams({ '': clientSecret }).toString().slice(1);
  return [clientSecret, encoded, encodeURIComponent(clientSecret)]
    .reduce((text, secret) => text.replaceAll(secret, '***'), description)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 300);
}

async function readBounded(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream, and with it the connection.
    if (size > maxAnswerBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** A system error's code, such as ECONNREFUSED. Its message is left out: it may quote the URL, whose query is anyone's. */
function errorCode(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.name : 'unknown error';
}

function failed(what: string, rejected = false): TokenAnswer {
  return { ok: false, rejected, message: `the token endpoint ${what}` };
}
