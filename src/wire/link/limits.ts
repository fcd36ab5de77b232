// SPDX-License-Identifier: Apache-2.0
// Limits of what goes between hosts and their fleet. A message beyond one of them is refused, by name.

/** Bytes of a message on the bus, as it is sent. */
export const MAX_MESSAGE_BYTES: number = 256 * 1024;
/** Bytes of a parcel that was deflated, as text. */
export const MAX_PARCEL_BYTES: number = 2 * 1024 * 1024;
/** Items of one parcel. */
export const MAX_ITEMS = 2_000;
/** UTF-16 units of a name of a workload, host, model or group. */
export const MAX_NAME = 256;
/** UTF-16 units of a sentence. */
export const MAX_WORDS = 4_096;
/** UTF-16 units of a path or a program. */
export const MAX_PATH = 4_096;
/** UTF-16 units of the record of one event. */
export const MAX_RECORD = 65_536;
/** Programs from the first one of a workload to the acting one. */
export const MAX_CHAIN = 64;
/** UTF-16 units of evidence. */
export const MAX_EVIDENCE: number = 192 * 1024;
/** UTF-16 units of a public key (PEM). */
export const MAX_KEY_TEXT = 2_048;
export const MAX_LABELS = 32;
export const MAX_LABEL = 128;
/** Workloads of one host. */
export const MAX_WORKLOADS = 4_096;
/** Lines about processes, or counts of points, in one item. */
export const MAX_LINES = 2_000;
/** Ranges of sequence numbers in one message. */
export const MAX_RANGES = 1_000;
/** Hosts, workloads or states that one message names. */
export const MAX_TARGETS = 1_000;
/** Commands that one answer brings. */
export const MAX_COMMANDS = 50;
/** UTF-16 units of one command in its envelope. */
export const MAX_COMMAND_TEXT = 65_536;
/** Bytes of one piece of a model (before base64). */
export const MODEL_CHUNK_BYTES: number = 160 * 1024;
