import type { World } from '../shared/world.ts';

/** Prints a line per second: what each relay took, who tried in vain, and how the breakers stand. */
export function watch(world: World, relays: readonly string[]): () => void {
  const startedAt = Date.now();
  const columns = relays.flatMap((relay) => [`${relay}: took`, 'failed', 'breaker', 'probe']);
  console.log(`${'second'.padStart(6)}  ${columns.map((name) => name.padEnd(12)).join('')}queue`);
  let from = startedAt;
  let looking = false;
  const look = async (): Promise<void> => {
    const to = Date.now();
    const cells = await Promise.all(relays.map((relay) => cellsOf(world, relay, from, to)));
    const { queued, inFlight } = await world.depth();
    const second = String(Math.round((to - startedAt) / 1000)).padStart(6);
    console.log(
      `${second}  ${cells
        .flat()
        .map((cell) => cell.padEnd(12))
        .join('')}${queued + inFlight}`,
    );
    from = to;
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
      });
  }, 1000);
  return () => clearInterval(timer);
}

async function cellsOf({ system, log, health }: World, relay: string, from: number, to: number): Promise<string[]> {
  const took = system.mailbox
    .list({ since: from })
    .filter((mail) => mail.relay === relay && Date.parse(mail.receivedAt) < to).length;
  const failed = log.of('relay.fault', { relay, from, to }).length;
  const item = await health(relay);
  return [String(took), String(failed), item?.breaker.state ?? 'closed', item?.probe?.status ?? '-'];
}
