// SPDX-License-Identifier: Apache-2.0
// What is done with items of parcels. Parts that want a kind of item register an applier; each item comes to it exactly once.
import type { Transaction } from "kysely";
import type { Item, ItemKind } from "../../wire/link/index.ts";
import type { FleetSchema } from "../store/index.ts";

/** An item with where it came from. */
export interface Arrived<I extends Item = Item> {
  readonly host: string;
  readonly epoch: string;
  readonly seq: number;
  /** Its number in the parcel. */
  readonly index: number;
  /** Greater as text for what was told later by this host. */
  readonly told: string;
  readonly item: I;
}

export type ItemOf<K extends ItemKind> = Extract<Item, { readonly kind: K }>;

export interface ItemApplier<K extends ItemKind = ItemKind> {
  readonly kind: K;
  /**
   * Writes them, in the transaction that also says that their parcels are there: both or none. May be called again with the same items
   * when the transaction failed. One transaction has the items of many hosts, those of one host in their order.
   * @param now ms since 1970
   */
  apply(
    tx: Transaction<FleetSchema>,
    items: readonly Arrived<ItemOf<K>>[],
    now: number,
  ): Promise<void>;
  /** The transaction has succeeded: for what others are told. Must not throw. */
  committed?(items: readonly Arrived<ItemOf<K>>[]): void;
}

/** Digits of a parcel's number in `told`: enough for a parcel each ms for 30 years. */
const SEQ_DIGITS = 12;

export function toldBy(epoch: string, seq: number): string {
  return `${epoch}.${`${seq}`.padStart(SEQ_DIGITS, "0")}`;
}

export function ofKind<K extends ItemKind>(
  items: readonly Arrived[],
  kind: K,
): readonly Arrived<ItemOf<K>>[] {
  return items.filter((one): one is Arrived<ItemOf<K>> => one.item.kind === kind);
}
