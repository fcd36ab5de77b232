// SPDX-License-Identifier: Apache-2.0
// Values of CELLs that are told as the sensor seccomp tells them, where a hook of the kernel knows more, less, or something else
// than the system call does.
import type { InodeSetattrCell } from "../../event/cell/inode.ts";
import type { RecordView } from "./record.ts";

/** ATTR_* of include/linux/fs.h. */
const ATTR = {
  MODE: 1,
  UID: 2,
  GID: 4,
  SIZE: 8,
  MTIME: 0x20,
  CTIME: 0x40,
  KILL_SUID: 0x800,
  KILL_SGID: 0x1000,
  FILE: 0x2000,
  KILL_PRIV: 0x4000,
  OPEN: 0x8000,
  FORCE: 0x200,
} as const;
/** What the kernel adds by itself, depending on the file. */
const ADDED = ATTR.KILL_SUID | ATTR.KILL_SGID | ATTR.KILL_PRIV | ATTR.FORCE;

/** LSM_SETID_* of include/linux/security.h: which system call it was. */
const SETID = { ID: 1, RE: 2, RES: 4, FS: 8 } as const;

/** Arguments: what is valid, mode, owner | group << 32, size. */
export function attributesOf(view: RecordView): InodeSetattrCell["attr"] {
  return {
    valid: toldValid(view.u32(0)),
    mode: view.u32(1) & 0xffff,
    uid: view.u32(2),
    gid: Number(view.arg(2) >> 32n),
    size: view.arg(3),
  };
}

/** Cutting a file while it is opened is one set of flags, by path or descriptor another; times come with it or not. */
function toldValid(valid: number): number {
  if ((valid & ATTR.SIZE) === 0) return (valid & ~ADDED) | ATTR.CTIME;
  if ((valid & ATTR.OPEN) !== 0) return ATTR.SIZE | ATTR.FILE | ATTR.OPEN;
  return (valid & ~(ADDED | ATTR.MTIME | ATTR.FILE)) | ATTR.CTIME;
}

/**
 * Arguments: which call, real | effective << 32, saved | filesystem's << 32, all of them after the change: what was passed is not
 * known, so an id that stays as it is shows as what it is.
 */
export function changedIds(view: RecordView): readonly number[] {
  const [real, effective] = [view.u32(1), Number(view.arg(1) >> 32n)];
  const [saved, filesystem] = [view.u32(2), Number(view.arg(2) >> 32n)];
  switch (view.u32(0)) {
    case SETID.ID:
      // whoever asks: the effective id is the one that was passed
      return [effective];
    case SETID.RE:
      return [real, effective];
    case SETID.FS:
      return [filesystem];
    default:
      return [real, effective, saved];
  }
}
