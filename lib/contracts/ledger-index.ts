/** The ledger's index of unfinished mail (`lib/ledger/unfinished.ts`). It holds keys only. */
export const unfinishedIndex = { name: 'unfinished', partitionKey: 'openShard', sortKey: 'dueAt' } as const;
