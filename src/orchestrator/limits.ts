// SPDX-License-Identifier: Apache-2.0
// Named maxima of the orchestrator. Reaching one slows the workload, refuses, or is counted; it never loses silently.

/** Runs of one name that are kept in the state directory. */
export const MAX_RUNS_KEPT = 20;
/** Length of a workload's name. */
export const MAX_NAME_LENGTH = 64;
/** Size of a model file that is read (bytes): about 900,000 points. */
export const MAX_MODEL_BYTES: number = 64 * 1024 * 1024;
/** One line of a record file (bytes); more than the longest record that is ever written. */
export const MAX_RECORD_BYTES: number = 2 * 1024 * 1024;
/** Bookkeeping that may wait in memory before it is written even though events are waiting (bytes). */
export const MAX_BUFFERED_BYTES: number = 256 * 1024;
/** Time that bookkeeping may wait in memory while events are waiting (ms): what a kill -9 of Galgo can cost. */
export const MAX_BUFFERED_MS = 20;
/** Distinct reasons of loss that are kept with an example; the rest is only counted. */
export const MAX_LOSS_REASONS = 64;
/** Text of an unreadable record that its example of loss shows; all of it is in unreadable.jsonl. */
export const MAX_LOSS_EXAMPLE = 200;
/** Unreadable records that are kept; later ones are only counted. */
export const MAX_UNREADABLE_RECORDS = 10_000;
/** Forensic records that one run writes; later violations are still refused and counted. */
export const MAX_FORENSIC_RECORDS = 10_000;
/** Lines of processes.jsonl that one run writes: about three a process. */
export const MAX_PROCESS_LINES = 200_000;
/** Lines of processes.jsonl that wait in memory (bytes): a daemon has hundreds of such files. */
export const MAX_BUFFERED_PROCESS_BYTES: number = 16 * 1024;
/** Violations that are posted to the main thread one by one; later ones are counted. */
export const MAX_POSTED_VIOLATIONS = 1_000;
/** Of a journal above this size (bytes): reading it is not done in a thread that decides for others. */
export const LONG_JOURNAL_BYTES: number = 4 * 1024 * 1024;
/** What is kept beside an attached run, so that another Galgo could go on with it; one that outgrows this can not be gone on with. */
export const MAX_JOURNAL_BYTES: number = 256 * 1024 * 1024;
/** Events of one run whose order is recorded; a run with more gives no model of sequences. */
export const MAX_SEQUENCE_EVENTS = 8_000_000;
/** Time that a killed workload gets to be gone when a run is given up. */
export const ABORT_MS = 10_000;
/** Time that a thread which is late gets to come back once its workload is dead. */
export const LATE_GRACE_MS = 1_000;
/** Default time that one held event may take before the watchdog acts (ms). */
export const DEFAULT_DEADLINE_MS = 10_000;

/** Digests of large programs that are kept between runs. */
export const MAX_KEPT_DIGESTS = 1_024;
/** Records beside a model that are looked at for what the programs of the BPF sensor are to be told beforehand. */
export const MAX_HINTS = 500_000;
/** Processes whose marks of tests are kept at a time; the oldest goes first. */
export const MAX_MARKING_PROCESSES = 4096;
/** Ancestors of a process that are looked at for a mark. */
export const MAX_ANCESTORS = 64;
/** Tests of one run that are told apart; what later ones do counts as outside of tests. As many as a model lists. */
export { MAX_TEST_NAME_CHARS, MAX_TESTS } from "../model/runtime/index.ts";
/** What a compressed record file may unpack to, in memory. */
export const MAX_UNPACKED_BYTES: number = 256 * 1024 * 1024;
