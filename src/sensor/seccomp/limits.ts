// SPDX-License-Identifier: Apache-2.0
// Named maxima of this sensor. Reaching one refuses or slows the workload; nothing is dropped.

/** Symbolic links followed in one path (the kernel's MAXSYMLINKS). */
export const MAX_SYMLINKS = 40;
/** Interpreters followed in one exec: script of a script of ... (the kernel's BINPRM depth). */
export const MAX_INTERPRETERS = 5;
/** Images that are remembered to tell what a process was forked from; one takes about 300 bytes. */
export const MAX_IMAGES = 65_536;
/** Images known before those are looked for that no process has any more. */
export const TIDY_IMAGES_AT = 512;
/** Processes known before the table is swept for exited ones. */
export const SWEEP_AT = 64;
/** Bytes of a value argument that are copied (xattr values: XATTR_SIZE_MAX). */
export const MAX_VALUE = 65_536;
/** Messages looked at in one sendmmsg (the kernel's UIO_MAXIOV). */
export const MAX_MESSAGES = 1024;
/** Supplementary groups (the kernel's NGROUPS_MAX). */
export const MAX_GROUPS = 65_536;
/** Descriptors of a task that are looked at before a call goes on in it; those beyond may be taken for new ones. */
export const MAX_COMPARED = 256;
/** Bytes of one datagram (the kernel's limit for UDP and raw sockets). */
export const MAX_DATAGRAM = 0xffff;
/** Pieces that a message is gathered from (the kernel's UIO_MAXIOV). */
export const MAX_PARTS = 1024;
/** Control data of a message (the kernel's optmem_max is 20 to 128 KiB). */
export const MAX_CONTROL = 131_072;
