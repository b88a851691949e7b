import type { LedgerItem, LedgerStore } from '../../../lib/ledger/item.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/** DynamoDB's conditional write in memory; counts the crashes and doubts that it is told. */
export function simulatedLedger(world: World, process: Process): LedgerStore {
  return {
    read: (key) => process.call(() => world.ledger.get(key)),
    write: (next, expected) =>
      process.call(() => {
        const current = world.ledger.get(next.key);
        if (current?.writeId !== expected?.writeId) {
          return current?.writeId === next.writeId ? { written: true } : { written: false, current };
        }
        count(world, current, next);
        world.ledger.set(next.key, next);
        return { written: true };
      }),
  };
}

function count(world: World, before: LedgerItem | undefined, after: LedgerItem): void {
  const crashes = Math.max(0, after.crashes - (before?.crashes ?? 0));
  const doubts = Object.entries(after.recipients).filter(
    ([address, record]) => (record.doubts ?? 0) > (before?.recipients[address]?.doubts ?? 0),
  ).length;
  world.counted.set(after.key, (world.counted.get(after.key) ?? 0) + crashes + doubts);
}
