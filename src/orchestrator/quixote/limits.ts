// SPDX-License-Identifier: Apache-2.0
// Named maxima of the management socket. Reaching one ends a console's session; the workload never notices.

/** Payload of one frame (bytes), both ways; upstream's own limit. */
export const MAX_FRAME_BYTES = 262_144;
/** Consoles that wait while another one is served; a further one is turned away. */
export const MAX_WAITING = 5;
/** Bytes of an answer that are put together before they are handed to the kernel. */
export const ANSWER_CHUNK_BYTES: number = 64 * 1024;
/** Time that a console gets to read what was sent to it (ms). */
export const STALL_MS = 30_000;
/** Bytes of a socket's path (sun_path without its terminator). */
export const MAX_SOCKET_PATH = 107;
/** Sessions that went wrong and are told of one by one; later ones are only ended. */
export const MAX_TOLD = 10;
