/**
 * Bounds one try of a request, in milliseconds: to connect, and to get an answer. Without `throwOnRequestTimeout` the SDK
 * only warns, and waits on: a socket that died while the environment was frozen would cost a batch its time.
 */
export function requestBounds(connectionTimeout: number, requestTimeout: number) {
  return { connectionTimeout, requestTimeout, throwOnRequestTimeout: true };
}
