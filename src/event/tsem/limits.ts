// SPDX-License-Identifier: Apache-2.0
// Limits of records of a TSEM kernel.

/** Bytes that a TSEM kernel hands out of a record at most, its newline or the end of its buffer not counted; a record that stops there was cut. */
export const CUT_BYTES: number = 4095;
/** UTF-16 units of a record in which a name may hold quotes, or that is put together of several lines: two paths of 4,096 bytes and the rest fit. */
export const MAX_QUIRK_CHARS: number = 16 * 1024;
/** Places where a name might end that are tried before a record counts as ambiguous. */
export const MAX_SPLITS: number = 128;
/** Lines that a newline in a name may make of one record. */
export const MAX_RECORD_LINES: number = 16;
/** Bytes of comm, its NUL not counted. */
export const MAX_COMM_BYTES: number = 15;
/** Bytes of the address of a unix socket. */
export const MAX_UNIX_BYTES: number = 108;
/** Levels of objects in a line of JSON. */
export const MAX_DEPTH: number = 16;
