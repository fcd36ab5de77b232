// SPDX-License-Identifier: Apache-2.0
// What NAME|FILE of the command line means: a run in the state directory, or a file, told by its content.
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { quote } from "../base/quote.ts";
import { GALGO_START, STREAM_START } from "../sensor/replay/index.ts";
import { RecordFileError, StateError } from "./errors.ts";
import { openRun, runFolder } from "./state-dir.ts";
import type { RunDirectory } from "./state-dir.ts";
import { isSignedFile } from "./models/signed-file.ts";
import { looksLikeTextModel } from "./models/text-form.ts";

export type Target =
  | { readonly kind: "run"; readonly run: RunDirectory }
  | { readonly kind: "model"; readonly file: string }
  /** Records that Galgo wrote. */
  | { readonly kind: "records"; readonly file: string }
  /** Records of a TSEM kernel, or any that are compressed. */
  | { readonly kind: "stream"; readonly file: string };

/** Enough to tell a model or run file, which name their kind early, from a file of records. */
const LOOK_BYTES = 4_096;
const GZIP = "\u001f\u008b";

/**
 * Finds what `text` names. With a slash it is a path; else a run of that name comes before a file of that name.
 * @throws StateError NO_SUCH_RUN, RecordFileError NO_FILE
 */
export function findTarget(text: string, stateRoot: string, runId?: string): Target {
  if (text.includes("/")) return fileTarget(text);
  try {
    return { kind: "run", run: openRun(stateRoot, text, runId) };
  } catch (error) {
    if (!(error instanceof StateError) || !existsSync(text)) throw error;
    return fileTarget(text);
  }
}

function fileTarget(file: string): Target {
  const path = resolve(file);
  if (isDirectory(path)) return { kind: "run", run: runAt(path) };
  const head = readHead(file);
  if (
    /"kind"\s*:\s*"WorkloadModel"/.test(head) ||
    looksLikeTextModel(head) ||
    (head.startsWith("{") && isSignedFile(file))
  )
    return { kind: "model", file };
  if (/"kind"\s*:\s*"Run"/.test(head)) return { kind: "run", run: runAt(dirname(path)) };
  const stream =
    head.startsWith(GZIP) || (STREAM_START.test(head) && !head.startsWith(GALGO_START));
  return { kind: stream ? "stream" : "records", file };
}

/** False also where nobody may look: what is read next says why. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** A run folder that lies anywhere. */
function runAt(path: string): RunDirectory {
  return runFolder(path, { name: basename(dirname(path)), runId: basename(path) });
}

function readHead(file: string): string {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new RecordFileError("NO_FILE", `can not read ${quote(file)} (${code})`, { cause });
  }
  try {
    const bytes = Buffer.alloc(LOOK_BYTES);
    return bytes.toString("latin1", 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}
