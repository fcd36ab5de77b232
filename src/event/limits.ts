// SPDX-License-Identifier: Apache-2.0
// Limits of what is read as a security event. A record beyond one of them is refused, never cut.

/** UTF-16 units of one record line: two 4,096-byte paths and a 64 KiB attribute value, every byte escaped, fit. */
export const MAX_RECORD_CHARS: number = 512 * 1024;
/** UTF-16 units of one text member (path, name, address, attribute value). */
export const MAX_TEXT_CHARS: number = 96 * 1024;
/** Bytes of s_id, the kernel's short name of a filesystem instance. */
export const MAX_S_ID_BYTES: number = 31;
/** Numbers in one list member (ids, system call arguments). */
export const MAX_LIST: number = 65_536;
/** Bytes of the longest digest that a namespace may use. */
export const MAX_DIGEST_BYTES: number = 64;
