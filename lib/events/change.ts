import type { AttributeValue } from 'aws-lambda';
import * as v from 'valibot';
import type { LedgerItem } from '../ledger/item.ts';
import { ledgerItem } from '../ledger/item-schema.ts';

/** One record of the ledger's change stream. */
export interface ChangeRecord {
  readonly sequenceNumber: string;
  readonly old?: Image;
  readonly new?: Image;
}

type Image = Readonly<Record<string, AttributeValue>>;

/** What the ledger held before and after. @throws ValiError when an image is no ledger item */
export function changeOf(record: ChangeRecord): { readonly old?: LedgerItem; readonly next?: LedgerItem } {
  return {
    ...(record.old === undefined ? {} : { old: itemOf(record.old) }),
    ...(record.new === undefined ? {} : { next: itemOf(record.new) }),
  };
}

function itemOf(image: Image): LedgerItem {
  return v.parse(ledgerItem, plainMap(image));
}

/** The SDK's `unmarshall` wants the SDK's types, which Lambda's events do not have. */
function plain({ S, N, BOOL, M, L }: AttributeValue): unknown {
  if (S !== undefined) return S;
  if (N !== undefined) return Number(N);
  if (BOOL !== undefined) return BOOL;
  if (M !== undefined) return plainMap(M);
  return L === undefined ? null : L.map(plain);
}

function plainMap(map: Image): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, plain(value)]));
}
