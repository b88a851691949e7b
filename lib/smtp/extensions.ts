/** What a relay offered in its EHLO reply (RFC 5321 §4.1.1.1): parameters by keyword, all in upper case. */
export type Extensions = ReadonlyMap<string, readonly string[]>;

/** @param raw the EHLO reply's lines with their codes, joined by `\n`; the first names the server. */
export function parseExtensions(raw: string): Extensions {
  const extensions = new Map<string, readonly string[]>();
  for (const line of raw.split('\n').slice(1)) {
    // Old servers write AUTH=PLAIN instead of, or besides, AUTH PLAIN.
    const [keyword = '', ...parameters] = line
      .slice(4)
      .trim()
      .toUpperCase()
      .split(/[\s=]+/);
    if (keyword !== '') extensions.set(keyword, [...(extensions.get(keyword) ?? []), ...parameters]);
  }
  return extensions;
}

/** Bytes of the largest message the relay takes; undefined when it named none (RFC 1870 §4: 0 means no limit). */
export function sizeLimit(extensions: Extensions): number | undefined {
  const limit = Number(extensions.get('SIZE')?.[0]);
  return limit > 0 ? limit : undefined;
}
