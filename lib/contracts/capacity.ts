/**
 * How the fleet's limits come down to one execution environment of the sender. Lambda starts up to `maxConcurrency` of
 * them and they cannot ask each other, so each gets a fixed share.
 */

/**
 * Environments that may hold sessions, per environment at work: those that Lambda keeps frozen, and those of the version
 * before while a deployment replaces it. The probe function's one session, a fraction of a second now and then, takes its
 * place here too: a session kept back for it would cost every environment one where the limit is small.
 */
export const environmentHeadroom = 1.5;

/** Sessions that one environment may hold to a relay; 0 when the relay's limit is too small for the concurrency. */
export function sessionsPerEnvironment(maxConnections: number, maxConcurrency: number): number {
  return Math.floor(maxConnections / (maxConcurrency * environmentHeadroom));
}

const mebibyte = 1024 * 1024;
/** What Node, the SDK and the code take before the first mail, measured as resident memory and rounded up. */
const runtimeMb = 128;
/** Half of the rest holds mail; the other half is garbage that is not collected yet, and TLS buffers. */
const mailShare = 0.5;

/** Bytes of mail that an environment of `memoryMb` (MiB) may hold at one time. */
export function bytesInFlight(memoryMb: number): number {
  return Math.max(0, Math.floor((memoryMb - runtimeMb) * mailShare * mebibyte));
}

/** Bytes that one mail takes at most while it is built: its sources, their base64, and the message made of them. */
export function bytesToBuild(maxMessageBytes: number): number {
  return maxMessageBytes * 3;
}

/** The smallest memory (MiB) in which a mail of `maxMessageBytes` can be built. */
export function memoryToBuild(maxMessageBytes: number): number {
  return Math.ceil(bytesToBuild(maxMessageBytes) / mebibyte / mailShare) + runtimeMb;
}
