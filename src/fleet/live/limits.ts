// SPDX-License-Identifier: Apache-2.0
// Limits of what consoles are told.

/** Consoles that one server tells. */
export const MAX_LISTENERS = 500;
/** Events that a server remembers for consoles that come back. */
export const MAX_REMEMBERED = 2_000;
/** Bytes that may wait for one console; one that is slower is sent away, and comes back. */
export const MAX_WAITING_BYTES: number = 1024 * 1024;
/** Bytes of what a console has missed that it is told when it comes back; of more it reads its lists anew. */
export const MAX_MISSED_BYTES: number = 512 * 1024;
/** Blank lines keep proxies from closing a quiet stream, so often. */
export const KEEP_ALIVE_MS = 15_000;
/** Whether who listens may still do so is looked at so often. */
export const RECHECK_MS = 30_000;
/** A summary is sent at most so often. */
export const SUMMARY_MS = 1_000;
/** ... and at least so often: hosts fall silent and hours go by without anybody telling. */
export const SUMMARY_AGAIN_MS = 15_000;
/** Milliseconds after which a console tries again. */
export const RETRY_MS = 1_000;
/** Hosts that came or left are looked for so often, and so many of them are told of one by one. */
export const HOST_WATCH_MS = 2_000;
export const MAX_TOLD_HOSTS = 50;
