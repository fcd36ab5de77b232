// SPDX-License-Identifier: Apache-2.0
// The binary measurement list (binary_runtime_measurements, and its forms per digest), little-endian.
import { decodePath } from "../../base/path-text.ts";
import { quote } from "../../base/quote.ts";
import { ImaError } from "./errors.ts";
import {
  type FieldFacts,
  fieldsOf,
  hashedBytes,
  OLD_DIGEST_BYTES,
  OLD_NAME_BYTES,
  OLD_TEMPLATE,
  readFields,
} from "./templates.ts";
import {
  IMA_BANK_SIZES,
  type ImaBank,
  type ImaEntry,
  type ImaList,
  MAX_ENTRIES,
  MAX_ENTRY_BYTES,
  MAX_LIST_BYTES,
  MAX_TEMPLATE_NAME,
  PCR_COUNT,
} from "./types.ts";

/** How an ascii list begins. No binary one does: its first bytes are the number of a register. */
const TEXT = /^ ?\d{1,2} [0-9a-f]{40}/;
const TEXT_HEAD_BYTES = 44;

/**
 * Reads a binary list.
 * @param bank algorithm of its template digests: sha1 for `binary_runtime_measurements`, else what the file's name ends with.
 * Throws `ImaError` naming the entry. Entries of templates unknown here are kept: their hashed bytes can be replayed all the same.
 */
export function parseBinaryList(bytes: Uint8Array, bank: ImaBank = "sha1"): ImaList {
  if (bytes.length > MAX_LIST_BYTES) {
    throw new ImaError("TOO_LARGE", `measurement list of more than ${MAX_LIST_BYTES} bytes`);
  }
  if (TEXT.test(decodePath(bytes.subarray(0, TEXT_HEAD_BYTES)))) {
    throw new ImaError(
      "BAD_ENTRY",
      "measurement list: this is the one as text; wanted is the binary one (binary_runtime_measurements)",
    );
  }
  const reader = new ListReader(bytes);
  const entries: ImaEntry[] = [];
  while (!reader.done) {
    if (entries.length >= MAX_ENTRIES) {
      throw new ImaError("TOO_LARGE", `measurement list of more than ${MAX_ENTRIES} entries`);
    }
    entries.push(readEntry(reader, entries.length + 1, bank));
  }
  return { bank, entries };
}

function readEntry(reader: ListReader, number: number, bank: ImaBank): ImaEntry {
  reader.entry = number;
  const pcr = reader.u32("register");
  if (pcr >= PCR_COUNT) throw reader.bad(`register ${pcr}: a TPM has ${PCR_COUNT}`);
  const listed = reader.take(IMA_BANK_SIZES[bank], "template digest");
  const template = decodePath(reader.sized(MAX_TEMPLATE_NAME, "template name"));
  if (template === "") throw reader.bad("template without a name");
  const violation = listed.every((byte) => byte === 0);
  const head = { number, pcr, template, listed, violation };
  if (template === OLD_TEMPLATE) return { ...head, ...readOld(reader) };
  const hashed = reader.sized(MAX_ENTRY_BYTES, "template data");
  const names = fieldsOf(template);
  if (names === undefined) return { ...head, hashed };
  const facts = readFields(names, splitFields(reader, hashed, names));
  if (facts === undefined) throw reader.bad(`fields that no ${quote(template)} entry has`);
  return { ...head, hashed, ...facts };
}

/** The old template has no length of its own: a bare digest, then the name with its length. */
function readOld(reader: ListReader): FieldFacts & Pick<ImaEntry, "hashed"> {
  const fields = [
    reader.take(OLD_DIGEST_BYTES, "file digest"),
    reader.sized(OLD_NAME_BYTES - 1, "file name"),
  ];
  const facts = readFields(["d", "n"], fields);
  if (facts === undefined) throw reader.bad("file name with a zero byte in it");
  return { ...facts, hashed: hashedBytes(OLD_TEMPLATE, fields) };
}

function splitFields(
  reader: ListReader,
  data: Uint8Array,
  names: readonly string[],
): readonly Uint8Array[] {
  const inner = new ListReader(data);
  inner.entry = reader.entry;
  const fields = names.map((name) => inner.sized(MAX_ENTRY_BYTES, `field ${name}`));
  if (!inner.done) throw reader.bad("bytes after the last field of its template");
  return fields;
}

class ListReader {
  entry = 0;
  #at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  take(size: number, what: string): Uint8Array {
    const end = this.#at + size;
    if (end > this.#bytes.length) {
      throw new ImaError(
        "TRUNCATED",
        `measurement list, entry ${this.entry}: ends within its ${what}; read the whole file again`,
      );
    }
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  u32(what: string): number {
    const at = this.#at;
    this.take(4, what);
    return this.#view.getUint32(at, true);
  }

  /** u32 size, then that many bytes. */
  sized(max: number, what: string): Uint8Array {
    const size = this.u32(what);
    if (size > max) throw this.bad(`${what} of ${size} bytes, more than ${max}`);
    return this.take(size, what);
  }

  bad(what: string): ImaError {
    return new ImaError("BAD_ENTRY", `measurement list, entry ${this.entry}: ${what}`);
  }
}
