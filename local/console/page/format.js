const clockTime = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** @param {number} at milliseconds since the epoch */
export const time = (at) => clockTime.format(at);

/**
 * `45 s`, `3 min`, `2 h`.
 *
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return minutes < 60 * 48 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}

/** @param {number} at milliseconds since the epoch */
export const ago = (at) => `${duration(Date.now() - at)} ago`;

/** @param {number} value */
export const number = (value) => compact.format(value);

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** @param {number} bytes */
export const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${compact.format(bytes / 1024)} KiB`);
