// SPDX-License-Identifier: Apache-2.0
// Networks as rules name them: `192.0.2.0/24`, `2001:db8::/48`, and addresses of events in them.
import { quote } from "../../base/quote.ts";
import { ModelError } from "../errors.ts";

export interface Network {
  readonly family: "inet" | "inet6";
  /** Bytes in the order of the network; beyond the prefix they are 0. */
  readonly bytes: readonly number[];
  readonly prefix: number;
}

const SIZES = { inet: 4, inet6: 16 } as const;

/** Reads a network. Throws `ModelError` BAD_RULE: also when bits beyond the prefix are set, or it is not written in its one form. */
export function parseNetwork(text: string): Network {
  const refuse = (why: string): ModelError =>
    new ModelError(
      "BAD_RULE",
      `${quote(text)} is no network as 192.0.2.0/24 or 2001:db8::/48: ${why}`,
    );
  const [address = "", length = "", ...more] = text.split("/");
  const family = address.includes(":") ? "inet6" : "inet";
  const bytes = family === "inet" ? inetBytes(address) : inet6Bytes(address);
  if (bytes === undefined || more.length > 0) throw refuse("its address can not be read");
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > SIZES[family] * 8)
    throw refuse(`its length is not a number from 0 to ${SIZES[family] * 8}`);
  const network: Network = { family, bytes: cut(bytes, Number(length)), prefix: Number(length) };
  const printed = printNetwork(network);
  if (printed !== text) throw refuse(`write ${printed}`);
  return network;
}

/** The one text of a network: RFC 5952 for inet6. */
export function printNetwork({ family, bytes, prefix }: Network): string {
  return `${family === "inet" ? bytes.join(".") : inet6Text(bytes)}/${prefix}`;
}

/** Bytes of an address as events have it: inet a network-order word read as a little-endian number, inet6 in hex. */
export function addressBytes(address: number | string): readonly number[] {
  if (typeof address === "number") return [0, 8, 16, 24].map((shift) => (address >>> shift) & 0xff);
  return Array.from({ length: 16 }, (_, i) => Number.parseInt(address.slice(2 * i, 2 * i + 2), 16));
}

/** The first address of a network, as events have addresses. */
export function firstAddress({ family, bytes }: Network): number | string {
  return family === "inet"
    ? bytes.reduceRight((word, byte) => word * 256 + byte, 0)
    : bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function contains(network: Network, bytes: readonly number[]): boolean {
  if (bytes.length !== network.bytes.length) return false;
  return cut(bytes, network.prefix).every((byte, i) => byte === network.bytes[i]);
}

/** True when some address is in both. */
export function overlap(a: Network, b: Network): boolean {
  return contains(a, b.bytes) || contains(b, a.bytes);
}

function cut(bytes: readonly number[], prefix: number): readonly number[] {
  return bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - 8 * i))) & 0xff);
}

function inetBytes(text: string): readonly number[] | undefined {
  const parts = text.split(".");
  const fine = parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part));
  const bytes = parts.map(Number);
  return fine && bytes.every((byte) => byte < 256) ? bytes : undefined;
}

function inet6Bytes(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined;
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** The longest run of at least two zero groups, the first of them, becomes `::`. */
function inet6Text(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  let best = { at: -1, size: 1 };
  for (let at = 0; at < groups.length; at++) {
    let size = 0;
    while (groups[at + size] === "0") size += 1;
    if (size > best.size) best = { at, size };
  }
  if (best.at < 0) return groups.join(":");
  return `${groups.slice(0, best.at).join(":")}::${groups.slice(best.at + best.size).join(":")}`;
}
