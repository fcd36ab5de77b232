// SPDX-License-Identifier: Apache-2.0
// The names in an event that a template may act on.
import type { DentryId, FileId, PathId } from "../../../event/cell/file.ts";
import type { SockAddr } from "../../../event/cell/socket.ts";
import type { SecurityEvent } from "../../../event/event.ts";
import { HOOKS } from "../../../event/index.ts";
import type { FieldKind } from "../../../event/layout.ts";

/** A name in an event; `directory`: of what was made in it by the workload the name does not count, so this is where it was made. */
export interface NameInEvent {
  readonly name: string;
  readonly directory: boolean;
}

/** Paths, names of unix sockets, and what symbolic links lead to. */
export function* namesIn(e: SecurityEvent): Generator<NameInEvent> {
  const cell = e.cell as unknown as Readonly<Record<string, unknown>>;
  for (const { member, kind } of HOOKS[e.hook].cell)
    if (cell[member] !== undefined) yield* namesOf(kind, cell[member]);
  if (e.hook === "inode_symlink") yield { name: e.cell.oldName, directory: false };
}

function* namesOf(kind: FieldKind, value: unknown): Generator<NameInEvent> {
  switch (kind) {
    case "file":
    case "dentry":
      yield* ofPath((value as FileId | DentryId).path);
      break;
    case "path":
      yield* ofPath(value as PathId);
      break;
    case "addr":
      yield* ofAddress(value as SockAddr);
      break;
    default:
      break;
  }
}

function* ofPath({ pathname, owner }: PathId): Generator<NameInEvent> {
  if (owner === undefined) {
    yield { name: pathname, directory: false };
    return;
  }
  const slash = pathname.lastIndexOf("/");
  if (slash > 0) yield { name: pathname.slice(0, slash), directory: true };
}

function* ofAddress(addr: SockAddr): Generator<NameInEvent> {
  if (addr.family === "unix") yield { name: addr.address, directory: false };
}
