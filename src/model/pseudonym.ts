// SPDX-License-Identifier: Apache-2.0
// Pseudonyms: digests that stand for a pathname whose content shall not count. TSEM's form, so they can be exchanged with it.
import { ByteWriter } from "../base/bytes.ts";
import type { FileId } from "../event/cell/file.ts";
import type { SecurityEvent } from "../event/event.ts";
import type { EventMapper } from "./mapper.ts";
import type { Hasher } from "./hasher.ts";

/** The pseudonym of a pathname, hex: H(u32 byte length | bytes). */
export function pseudonymOf(pathname: string, hasher: Hasher): string {
  return hasher.hex(new ByteWriter(256).string(pathname).bytes());
}

/**
 * Replaces the content digest by that of no bytes when the pathname of a file_open or of a mmap_file with a file has its pseudonym
 * in `pseudonyms`. To be applied after the profile, so that pathnames are those the model knows. Returns `e` itself when
 * nothing changes.
 */
export function applyPseudonyms(
  e: SecurityEvent,
  pseudonyms: ReadonlySet<string>,
  mapper: EventMapper,
): SecurityEvent {
  if (pseudonyms.size === 0) return e;
  if (e.hook === "file_open") {
    const file = masked(e.cell.file, pseudonyms, mapper);
    return file === e.cell.file ? e : { ...e, cell: { file } };
  }
  if (e.hook === "mmap_file" && e.cell.file !== undefined) {
    const file = masked(e.cell.file, pseudonyms, mapper);
    return file === e.cell.file ? e : { ...e, cell: { ...e.cell, file } };
  }
  return e;
}

function masked(file: FileId, pseudonyms: ReadonlySet<string>, mapper: EventMapper): FileId {
  const { emptyDigest, hasher } = mapper;
  if (file.digest === emptyDigest || !pseudonyms.has(pseudonymOf(file.path.pathname, hasher))) {
    return file;
  }
  return { ...file, digest: emptyDigest };
}
