/** What a person can look through. */
export const mostFindings = 1000;
/** What an invocation reads in a few seconds. While the intake is paused, every mail that waits is read for nothing. */
const mostReads = 10_000;
const atOnce = 20;

export interface Gathered<Found> {
  readonly found: readonly Found[];
  /** True when it ended before the keys did. */
  readonly truncated: boolean;
}

/** Looks at one key after the other, some at a time, until enough was found or read. A look that rejects ends it. */
export async function gather<Found>(
  keys: AsyncIterable<string>,
  look: (key: string) => Promise<Found | undefined>,
): Promise<Gathered<Found>> {
  const found: Found[] = [];
  let reads = 0;
  for await (const some of inGroups(keys, atOnce)) {
    if (found.length >= mostFindings || reads >= mostReads) return { found, truncated: true };
    const looked = await Promise.all(some.map(look));
    found.push(...looked.filter((one) => one !== undefined));
    reads += some.length;
  }
  return { found, truncated: false };
}

async function* inGroups(keys: AsyncIterable<string>, size: number): AsyncGenerator<readonly string[]> {
  let group: string[] = [];
  for await (const key of keys) {
    group.push(key);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
