// SPDX-License-Identifier: Apache-2.0
// CELLs about filesystems as a whole.
import type { DentryId, PathId } from "./file.ts";
import type { DentryCell } from "./inode.ts";

export interface SbMountCell {
  readonly devName?: string;
  readonly path: PathId;
  readonly type?: string;
  readonly flags: bigint;
}
export interface SbUmountCell {
  readonly dentry: DentryId;
  readonly flags: number;
}
/** A filesystem by its root, its type and the flags of its superblock. */
export interface SuperblockCell {
  readonly dentry: DentryId;
  readonly fstype: string;
  readonly sFlags: bigint;
}
/** `type` is whose quotas (0 users, 1 groups, 2 projects), `id` which one. */
export interface QuotactlCell extends SuperblockCell {
  readonly cmds: number;
  readonly type: number;
  readonly id: number;
}
export interface TwoPathsCell {
  readonly from: PathId;
  readonly to: PathId;
}

/** Hooks about filesystems. */
export interface MountCells {
  sb_mount: SbMountCell;
  sb_umount: SbUmountCell;
  sb_remount: SuperblockCell;
  sb_pivotroot: TwoPathsCell;
  sb_statfs: DentryCell;
  move_mount: TwoPathsCell;
  quotactl: QuotactlCell;
  quota_on: DentryCell;
}
