import { type IncomingMessage, type RequestOptions, request } from 'node:http';

const base = '/2020-01-01/extension';
/** The Runtime API is on the same machine and answers within a millisecond or two. */
const registerMs = 1_000;

/**
 * Asks Lambda to say (SIGTERM) when it is about to end this process. It does so only where an extension is registered,
 * and leaves 500 ms when that one is internal, none otherwise (AWS Lambda, "Execution environment lifecycle", shutdown
 * phase). This registers one that wants no events, as AWS's own runtime for Rust does for the same purpose.
 *
 * To be awaited before the handler is exported: Lambda takes registrations in the init phase only. Never rejects.
 *
 * @param runtimeApi `AWS_LAMBDA_RUNTIME_API`, `host:port`; absent outside of Lambda, where there is nobody to ask
 * @param onRefused no notice will be given; nothing else is lost
 */
export async function askForShutdownNotice(
  runtimeApi: string | undefined,
  onRefused: (error: unknown) => void,
): Promise<void> {
  if (runtimeApi === undefined) return;
  const url = `http://${runtimeApi}${base}`;
  try {
    const { statusCode, headers } = await register(url);
    const id = headers['lambda-extension-identifier'];
    if (typeof id !== 'string') throw new Error(`the Extensions API answered ${statusCode} to the registration`);
    awaitEvent(url, id);
  } catch (error) {
    onRefused(error);
  }
}

function register(url: string): Promise<IncomingMessage> {
  const options: RequestOptions = {
    method: 'POST',
    agent: false,
    headers: { 'Lambda-Extension-Name': 'postroom-shutdown-notice', 'Content-Type': 'application/json' },
    signal: AbortSignal.timeout(registerMs),
  };
  return new Promise((resolve, reject) => {
    request(`${url}/register`, options, (response) => resolve(response.resume()))
      .on('error', reject)
      .end('{"events":[]}');
  });
}

/** Lambda's init phase lasts until every extension has asked for its next event. This one never gets any. */
function awaitEvent(url: string, id: string): void {
  request(`${url}/event/next`, { agent: false, headers: { 'Lambda-Extension-Identifier': id } })
    .on('socket', (socket) => socket.unref())
    // It ends with the environment.
    .on('error', () => undefined)
    .end();
}
