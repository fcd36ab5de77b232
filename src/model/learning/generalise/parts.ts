// SPDX-License-Identifier: Apache-2.0
// The parts of an event that may differ between runs while it is the same behaviour: contents of files, ports, addresses, values. Each can be
// taken out, so that events which differ in nothing else are found.
import type { FileId } from "../../../event/cell/file.ts";
import type { SockAddr } from "../../../event/cell/socket.ts";
import type { SecurityEvent } from "../../../event/event.ts";
import { HOOKS } from "../../../event/index.ts";
import { valueMember, withoutValue } from "../../rules/value-members.ts";

export type PartKind = "content" | "port" | "address" | "value";

/** A part of an event. */
export interface Part {
  readonly kind: PartKind;
  /** Member of the CELL; of a list with its index. */
  readonly member: string;
  /** As text that is the same for the same value. */
  readonly value: string;
  /** The event with something else in the place of this part. */
  readonly without: SecurityEvent;
}

const NO_PORT = 0;

/** @param emptyDigest hex, of no bytes */
export function* partsOf(e: SecurityEvent, emptyDigest: string): Generator<Part> {
  for (const { member, kind } of HOOKS[e.hook].cell) {
    const value = membersOf(e)[member];
    if (value === undefined) continue;
    if (kind === "file") yield* contentOf(e, member, value as FileId, emptyDigest);
    else if (kind === "addr") yield* partsOfAddress(e, member, value as SockAddr);
    else yield* valuesOf(e, member, value);
  }
}

function membersOf(e: SecurityEvent): Readonly<Record<string, unknown>> {
  return e.cell as unknown as Readonly<Record<string, unknown>>;
}

function put(e: SecurityEvent, member: string, value: unknown): SecurityEvent {
  return { ...e, cell: { ...e.cell, [member]: value } } as unknown as SecurityEvent;
}

function* contentOf(
  e: SecurityEvent,
  member: string,
  file: FileId,
  emptyDigest: string,
): Generator<Part> {
  if (file.digest === emptyDigest) return;
  const without = put(e, member, { ...file, digest: emptyDigest });
  yield { kind: "content", member, value: file.digest, without };
}

/** A number or text, and each number of a list; not what a symbolic link leads to, which is a name. */
function* valuesOf(e: SecurityEvent, member: string, value: unknown): Generator<Part> {
  if (e.hook === "inode_symlink") return;
  const names = Array.isArray(value) ? value.map((_, i) => `${member}.${i}`) : [member];
  for (const name of names) {
    const place = valueMember(e.hook, name);
    if (place === undefined) continue;
    const shown = place.index === undefined ? value : (value as readonly unknown[])[place.index];
    const without = put(e, member, withoutValue(value, place));
    yield { kind: "value", member: name, value: String(shown), without };
  }
}

function* partsOfAddress(e: SecurityEvent, member: string, addr: SockAddr): Generator<Part> {
  if (addr.family !== "inet" && addr.family !== "inet6") return;
  const noPort = put(e, member, { ...addr, port: NO_PORT });
  yield { kind: "port", member, value: String(addr.port), without: noPort };
  const nowhere = addr.family === "inet" ? 0 : "0".repeat(32);
  const noAddress = put(e, member, { ...addr, address: nowhere });
  yield { kind: "address", member, value: String(addr.address), without: noAddress };
}
