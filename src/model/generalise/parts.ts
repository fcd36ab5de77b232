// SPDX-License-Identifier: Apache-2.0
// The parts of an event that may differ between runs while it is the same behaviour: contents of files, ports, addresses, values. Each can be
// taken out, so that events which differ in nothing else are found.
import type { FileId } from "../../event/cell/file.ts";
import type { SockAddr } from "../../event/cell/socket.ts";
import type { HookName, SecurityEvent } from "../../event/event.ts";
import { HOOKS } from "../../event/index.ts";

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

/** Values of hooks that are numbers of processes, of objects, or names of memory: they say nothing about what is done. */
const VALUES: { readonly [H in HookName]?: readonly string[] } = {
  msg_queue_msgrcv: ["type"],
};
/** Of system calls: the text names an object that the call makes or removes. */
const NAMED_OBJECTS: ReadonlySet<string> = new Set(["memfd_create", "mq_open", "mq_unlink"]);

/** @param emptyDigest hex, of no bytes */
export function* partsOf(e: SecurityEvent, emptyDigest: string): Generator<Part> {
  const cell = e.cell as unknown as Readonly<Record<string, unknown>>;
  const put = (member: string, value: unknown): SecurityEvent =>
    ({ ...e, cell: { ...cell, [member]: value } }) as unknown as SecurityEvent;
  for (const { member, kind } of HOOKS[e.hook].cell) {
    const value = cell[member];
    if (value === undefined) continue;
    if (kind === "file") {
      const file = value as FileId;
      if (file.digest === emptyDigest) continue;
      const without = put(member, { ...file, digest: emptyDigest });
      yield { kind: "content", member, value: file.digest, without };
    } else if (kind === "addr") {
      yield* partsOfAddress(member, value as SockAddr, put);
    }
  }
  for (const member of VALUES[e.hook] ?? []) {
    const value = cell[member];
    const without = put(member, typeof value === "bigint" ? 0n : 0);
    yield { kind: "value", member, value: String(value), without };
  }
  if (e.hook === "syscall" && NAMED_OBJECTS.has(e.syscall) && e.cell.text !== undefined)
    yield { kind: "value", member: "text", value: e.cell.text, without: put("text", "") };
}

function* partsOfAddress(
  member: string,
  addr: SockAddr,
  put: (member: string, value: unknown) => SecurityEvent,
): Generator<Part> {
  if (addr.family !== "inet" && addr.family !== "inet6") return;
  const noPort = put(member, { ...addr, port: NO_PORT });
  yield { kind: "port", member, value: String(addr.port), without: noPort };
  const nowhere = addr.family === "inet" ? 0 : "0".repeat(32);
  const noAddress = put(member, { ...addr, address: nowhere });
  yield { kind: "address", member, value: String(addr.address), without: noAddress };
}
