// SPDX-License-Identifier: Apache-2.0
// Limits of commands.

/** Hosts that one envelope names: some envelopes have to fit into one answer to a host. */
export const HOSTS_OF_ENVELOPE = 500;
/** Hosts that an order may name. */
export const MAX_ORDERED_HOSTS = 20_000;
/** From issue to expiry, when nothing else is said (s). */
export const DEFAULT_SECONDS = 300;
/** The same of what hosts are to get whenever they are back. */
export const LASTING_SECONDS: number = 24 * 3_600;
export const MIN_SECONDS = 5;
/** Characters of envelopes in one answer to a host. */
export const ANSWER_CHARS = 150_000;
/** Rows that one statement writes. */
export const ROWS_AT_ONCE = 500;
/** Up to so many hosts an envelope is sent to each; beyond, once to all, and those that it does not name pass it over. */
export const DIRECT_HOSTS = 64;
/** A command that no server has sent is sent by another after this time (ms). */
export const UNSENT_MS = 2_000;
/** A host that was not heard for so long is not waited for (ms): heartbeats come each 10 s and are written each 30 s. */
export const ABSENT_MS = 90_000;
/** Bytes of an order: names of all hosts fit. */
export const MAX_ORDER_BYTES: number = 4 * 1024 * 1024;
/** How often it is looked for what is to be sent, and what has expired (ms). */
export const SEND_MS = 1_000;
/** How often consoles hear of results (ms). */
export const TELL_MS = 250;
