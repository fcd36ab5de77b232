// SPDX-License-Identifier: Apache-2.0
// Parcels of this host: made of items, and put under another epoch.
import { randomBytes } from "node:crypto";
import { deflateSync, inflateSync } from "node:zlib";
import { type Item, readParcel, writeParcel } from "../../wire/link/index.ts";
import type { Outbox } from "./outbox.ts";
import type { Spool } from "./spool/spool.ts";

/** When it begins (ms since 1970, 13 digits), and chance: a later one is greater as text. */
export function newEpoch(now: number): string {
  return `${String(now).padStart(13, "0")}-${randomBytes(4).toString("hex")}`;
}

/** @param epoch as it is now */
export function parcelWriter(
  host: string,
  epoch: () => string,
  now: () => number,
): (parcel: { readonly seq: number; readonly items: readonly Item[] }) => Uint8Array {
  return ({ seq, items }) =>
    writeParcel({ v: 1, host, epoch: epoch(), seq, at: now(), items }, deflateSync);
}

/** The same items under another epoch. @throws LinkError: it was changed on the disk */
export function underEpoch(host: string, payload: Uint8Array, epoch: string): Uint8Array {
  const inflate = (bytes: Uint8Array, max: number): Uint8Array =>
    inflateSync(bytes, { maxOutputLength: max });
  return writeParcel({ ...readParcel(payload, host, inflate), epoch }, deflateSync);
}

/** What the spool had to drop since that was said last; undefined: nothing. It is said with the parcel that the entry comes into. */
export function droppedEntry(
  spool: Spool,
  at: number,
): Parameters<Outbox<Item>["put"]>[0] | undefined {
  const { dropped } = spool.status();
  const told = (spool.mark(TOLD) ?? {}) as Readonly<Record<string, number>>;
  const fresh = Object.entries(dropped).filter(([kind, count]) => count !== told[kind]);
  if (fresh.length === 0) return undefined;
  const words = fresh.map(([kind, count]) => `${count - (told[kind] ?? 0)} ${kind}`).join(", ");
  const item: Item = {
    kind: "notice",
    at,
    level: "error",
    words: `the spool of this host was full: what is lost to the fleet is ${words} (items); what is of workloads stays in their run folders`,
    dropped,
  };
  return { items: [item], weight: "vital", urgent: true, marks: { [TOLD]: dropped } };
}

/** Mark of the spool: what was said to be dropped. */
const TOLD = "dropped";
