// SPDX-License-Identifier: Apache-2.0
// Named maxima of the outputs, and their times. Reaching one is counted and said; it never stops a workload.

/** The journal on disk, unless the configuration says otherwise (bytes): the oldest entries go first, whoever has not had them. */
export const MAX_JOURNAL_BYTES: number = 256 * 1024 * 1024;
/** Least that a configuration may ask for (bytes). */
export const MIN_JOURNAL_BYTES: number = 1024 * 1024;
/** Of what every output has had, so much is kept (bytes). */
export const KEPT_JOURNAL_BYTES: number = 16 * 1024 * 1024;
/** One file of the journal (bytes), and at most an eighth of the journal. */
export const MAX_SEGMENT_BYTES: number = 8 * 1024 * 1024;
/** What is read of a run's file in one turn (bytes); more when one record is longer. */
export const PULL_BYTES: number = 128 * 1024;
/** How often the files of running workloads are looked at (ms). */
export const FEED_POLL_MS = 500;
/** After a violation they are looked at sooner (ms): its record is written right behind the report. */
export const HURRY_MS = 20;
/** How often the journal is handed to the disk while it grows (ms): what a power cut can cost. */
export const SYNC_MS = 1_000;
/** Outputs of one daemon. */
export const MAX_OUTPUTS = 16;
/** Length of an output's name. */
export const MAX_OUTPUT_NAME = 32;

/** Entries that an output takes in one batch. */
export const BATCH_ENTRIES = 500;
/** The same in bytes of the journal. */
export const BATCH_BYTES: number = 1024 * 1024;
/** One message of an output (bytes), unless its configuration says otherwise: what is longer is not sent, but counted and said. */
export const MAX_MESSAGE_BYTES: number = 1024 * 1024;
/** Longest payload of a UDP datagram (bytes). */
export const MAX_DATAGRAM_BYTES = 65_000;
/** A batch that is not taken in this time has failed (ms). */
export const SEND_TIMEOUT_MS = 30_000;
/** An output that is not closed in this time is left alone (ms). */
export const CLOSE_TIMEOUT_MS = 2_000;
/** A receiver on this machine that has too much to read already is asked again after so long (ms). */
export const FULL_PAUSE_MS = 10;
/** Records that are joined to one MQTT message, together (bytes): brokers refuse what is too long, often at 1 MiB. */
export const MAX_JOINED_BYTES: number = 256 * 1024;
/** How often a stream without acknowledgements is looked at while nothing is to be sent (ms). */
export const SETTLE_MS = 1_000;
/** Pause after a first failure (ms); it doubles with each further one. */
export const FIRST_PAUSE_MS = 250;
/** Longest pause between attempts (ms). */
export const MAX_PAUSE_MS = 30_000;
/** How often a receiver may refuse the same message for what is in it before it is left out. */
export const MAX_REFUSALS = 4;
/** How often a cursor is written while its output moves on (ms): what is sent twice after a kill -9 is what was sent since. */
export const CURSOR_MS = 200;
/** What a daemon that ends waits for its outputs (ms); the rest is sent by the next one. */
export const DRAIN_MS = 2_000;
/** What a stream without acknowledgements sends again after the connection broke: the last so many bytes ... */
export const UNSURE_BYTES: number = 1024 * 1024;
/** ... of the last so many milliseconds. */
export const UNSURE_MS = 10_000;
/** Of an answer that tells why a receiver refused (bytes). */
export const MAX_ANSWER_BYTES = 4_096;
