// SPDX-License-Identifier: Apache-2.0
// What identifies files, directories and paths, and the CELLs about open files. A member that a sensor cannot see is absent, never invented.

/** What the kernel says of an inode. `mode` is the full st_mode; `sUuid` is 32 hex digits. */
export interface InodeId {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly sMagic: number;
  readonly sId?: string;
  readonly sUuid?: string;
}

/** Device number of the filesystem that holds a path. */
export interface DeviceId {
  readonly major: number;
  readonly minor: number;
}

/**
 * Where an object is found, as the acting task names it (absolute, in the task's own root).
 * `owner` (TASK_ID, hex) and `instance` (from 1) are present for objects created inside the namespace;
 * `created` is the class that the `portable` profile puts in place of a growing `instance`.
 * `temporary` is the pathname of the temporary directory above the object: one that the namespace made for itself alone (mode 0700) in a
 * directory where everybody may make files and nobody may touch those of others (sticky, as /tmp). No mapping looks at it.
 * `type` (root, chroot or namespace) is what TSEM kernels from 2025 on say of the root that the path begins at.
 * Bytes that are not UTF-8 are carried as lone surrogates U+DC80..U+DCFF (see base/path-text.ts).
 */
export interface PathId {
  readonly dev?: DeviceId;
  readonly owner?: string;
  readonly instance?: bigint;
  readonly created?: string;
  readonly type?: string;
  readonly temporary?: string;
  readonly pathname: string;
}

/** A name and, when something is there, its inode. */
export interface DentryId {
  readonly inode?: InodeId;
  readonly path: PathId;
}

/** An open file: `flags` as the LSM hook sees them (f_flags), `digest` of the content in hex. */
export interface FileId {
  readonly flags: number;
  readonly inode: InodeId;
  readonly path: PathId;
  readonly digest: string;
}

export interface FileCell {
  readonly file: FileId;
}
export interface FileCommandCell {
  readonly file: FileId;
  readonly cmd: number;
}
/** `file` is absent for an anonymous mapping. `prot`, `flags` as passed by the task. */
export interface MmapCell {
  readonly file?: FileId;
  readonly prot: number;
  readonly flags: number;
}

/** Hooks about open files. */
export interface FileCells {
  file_open: FileCell;
  file_receive: FileCell;
  file_ioctl: FileCommandCell;
  file_ioctl_compat: FileCommandCell;
  file_lock: FileCommandCell;
  file_fcntl: FileCommandCell;
  mmap_file: MmapCell;
  /** Only the source of TASK_IDs; never a point of a model. */
  bprm_committed_creds: FileCell;
}
