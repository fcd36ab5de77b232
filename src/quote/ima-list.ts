// SPDX-License-Identifier: Apache-2.0
// The measurement list of this machine's kernel, as it goes into evidence.
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { MAX_BLOB_BYTES } from "../attest/evidence/limits.ts";
import { CodedError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";

/** Where the kernel has it. */
export const IMA_FOLDER = "/sys/kernel/security/ima";
/** Binary, with SHA-1 template digests: there on every kernel, and the shortest. */
const LIST = "binary_runtime_measurements";
const CHUNK_BYTES: number = 256 * 1024;

/**
 * NO_IMA: the kernel has no such list, or securityfs is not mounted. DENIED: not root. EMPTY: there is one, and nothing in it.
 * TOO_LARGE: more than evidence carries. FAILED: anything else.
 */
export type ImaListErrorCode = "NO_IMA" | "DENIED" | "EMPTY" | "TOO_LARGE" | "FAILED";

/** A measurement list that could not be read. */
export class ImaListError extends CodedError<ImaListErrorCode> {}

/**
 * Reads the list. A quote that was made before speaks of a beginning of it: entries are only ever added.
 * @param folder another place for tests. Throws `ImaListError`
 */
export function readMeasurementList(
  folder: string = IMA_FOLDER,
  maxBytes: number = MAX_BLOB_BYTES,
): Uint8Array {
  const file = join(folder, LIST);
  const bytes = readWhole(file, maxBytes);
  if (bytes.length > 0) return bytes;
  throw new ImaListError("EMPTY", `${quote(file)}: the kernel measured nothing`);
}

/** In one opening: the kernel goes on where the last reading ended, by entries. Its size is not told by the file. */
function readWhole(file: string, maxBytes: number): Uint8Array {
  const parts: Buffer[] = [];
  let size = 0;
  const descriptor = attempt(() => openSync(file, "r"), file);
  try {
    for (;;) {
      const part = Buffer.alloc(CHUNK_BYTES);
      const count = attempt(() => readSync(descriptor, part), file);
      if (count === 0) return Uint8Array.from(Buffer.concat(parts));
      size += count;
      if (size > maxBytes) throw tooLarge(file, maxBytes);
      parts.push(part.subarray(0, count));
    }
  } finally {
    closeSync(descriptor);
  }
}

function tooLarge(file: string, maxBytes: number): ImaListError {
  return new ImaListError(
    "TOO_LARGE",
    `${quote(file)}: more than ${maxBytes} bytes, which is what evidence carries; measure less (a policy of IMA without data files), or attest without the list`,
  );
}

const WORDS: Readonly<Record<string, readonly [code: ImaListErrorCode, words: string]>> = {
  ENOENT: ["NO_IMA", "the kernel has no measurement list (IMA), or securityfs is not mounted"],
  EACCES: ["DENIED", "only root reads the measurement list"],
  EPERM: ["DENIED", "only root reads the measurement list"],
};

function attempt<T>(run: () => T, file: string): T {
  try {
    return run();
  } catch (error) {
    const errno = error instanceof Error && "code" in error ? String(error.code) : "";
    const [code, words] = (Object.hasOwn(WORDS, errno) ? WORDS[errno] : undefined) ?? [
      "FAILED",
      error instanceof Error ? error.message : String(error),
    ];
    throw new ImaListError(code, `${quote(file)}: ${words}`, { cause: error });
  }
}
