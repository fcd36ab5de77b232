// SPDX-License-Identifier: Apache-2.0
// The ascii measurement list (ascii_runtime_measurements, and its forms per digest): one line per entry. The kernel does not
// escape file names; a name with a line break makes a line that cannot be read, never one that is believed.
import { ByteWriter } from "../../base/bytes.ts";
import { hexToBytes, isHex } from "../../base/hex.ts";
import { decodePath, encodePath } from "../../base/path-text.ts";
import { quote } from "../../base/quote.ts";
import { ImaError } from "./errors.ts";
import { fieldsOf, hashedBytes, OLD_NAME_BYTES, OLD_TEMPLATE, readFields } from "./templates.ts";
import {
  IMA_BANK_SIZES,
  IMA_BANKS,
  type ImaBank,
  type ImaEntry,
  type ImaList,
  MAX_ENTRIES,
  MAX_ENTRY_BYTES,
  MAX_LIST_BYTES,
  PCR_COUNT,
} from "./types.ts";

const HEAD = /^ ?(\d{1,2}) ([0-9a-f]+) ([^ ]+) (.*)$/s;
const PATH_FIELDS: ReadonlySet<string> = new Set(["n", "n-ng"]);
const HEX_FIELDS: ReadonlySet<string> = new Set(["d", "sig", "buf", "d-modsig", "modsig"]);
const DIGEST_FIELDS: ReadonlySet<string> = new Set(["d-ng", "d-ngv2"]);
const LINE_BREAK = 10;

/**
 * Reads an ascii list; the digests' length tells the bank. An empty list is one of SHA-1.
 * Throws `ImaError` naming the line.
 */
export function parseAsciiList(bytes: Uint8Array): ImaList {
  if (bytes.length > MAX_LIST_BYTES) {
    throw new ImaError("TOO_LARGE", `measurement list of more than ${MAX_LIST_BYTES} bytes`);
  }
  const entries: ImaEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(LINE_BREAK, at);
    if (end < 0)
      throw badLine(entries.length + 1, "ends without a line break; read the file again");
    if (entries.length >= MAX_ENTRIES) {
      throw new ImaError("TOO_LARGE", `measurement list of more than ${MAX_ENTRIES} entries`);
    }
    entries.push(readLine(bytes.subarray(at, end), entries.length + 1));
    at = end + 1;
  }
  const bank = bankOf(entries[0]?.listed.length ?? IMA_BANK_SIZES.sha1) ?? "sha1";
  const odd = entries.find((entry) => entry.listed.length !== IMA_BANK_SIZES[bank]);
  if (odd !== undefined)
    throw badLine(odd.number, "a template digest of another length than line 1");
  return { bank, entries };
}

function readLine(bytes: Uint8Array, number: number): ImaEntry {
  if (bytes.length > 2 * MAX_ENTRY_BYTES) {
    throw new ImaError("TOO_LARGE", `measurement list, line ${number}: too long`);
  }
  const [, pcrText, digest, template, rest] = HEAD.exec(decodePath(bytes)) ?? [];
  if (digest === undefined || template === undefined || rest === undefined) {
    throw badLine(number, "not a register, a digest, a template and its fields");
  }
  const pcr = Number(pcrText);
  if (pcr >= PCR_COUNT) throw badLine(number, `register ${pcr}: a TPM has ${PCR_COUNT}`);
  if (!isHex(digest) || bankOf(digest.length / 2) === undefined) {
    throw badLine(number, "a template digest of no known length");
  }
  const listed = hexToBytes(digest);
  const violation = listed.every((byte) => byte === 0);
  return { number, pcr, template, listed, violation, ...readTemplate(template, rest, number) };
}

function readTemplate(
  template: string,
  rest: string,
  number: number,
): Omit<ImaEntry, "number" | "pcr" | "template" | "listed" | "violation"> {
  const names = fieldsOf(template);
  if (names === undefined || !names.every(canRebuild)) {
    throw new ImaError(
      "UNKNOWN_TEMPLATE",
      `measurement list, line ${number}: template ${quote(template, 60)} cannot be replayed from text; use the binary list`,
    );
  }
  // No field has a blank in it: the kernel writes blanks of names as underscores.
  const words = rest.split(" ");
  // Tools that copy lists drop the blank before an empty last field.
  if (words.length === names.length - 1 && names.at(-1) === "sig") words.push("");
  if (words.length !== names.length) {
    throw badLine(number, `${words.length} fields; ${quote(template)} has ${names.length}`);
  }
  const fields = names.map((name, i) => fieldBytes(name, words[i] ?? "", number));
  const facts = readFields(names, fields);
  if (facts === undefined) throw badLine(number, `fields that no ${quote(template)} entry has`);
  if (template === OLD_TEMPLATE && (fields[1]?.length ?? 0) >= OLD_NAME_BYTES) {
    throw badLine(number, `file name of more than ${OLD_NAME_BYTES - 1} bytes`);
  }
  return { hashed: hashedBytes(template, fields), ...facts };
}

function canRebuild(name: string): boolean {
  return PATH_FIELDS.has(name) || HEX_FIELDS.has(name) || DIGEST_FIELDS.has(name);
}

/** The field's bytes as the kernel hashed them. */
function fieldBytes(name: string, word: string, number: number): Uint8Array {
  if (PATH_FIELDS.has(name)) return encodePath(name === "n" ? word : `${word}\0`);
  const colon = DIGEST_FIELDS.has(name) ? word.lastIndexOf(":") : -1;
  if (DIGEST_FIELDS.has(name) && colon < 1)
    throw badLine(number, "a file digest without algorithm");
  const hex = word.slice(colon + 1);
  if (!isHex(hex)) throw badLine(number, `field ${name} is not hex`);
  if (colon < 0) return hexToBytes(hex);
  return new ByteWriter(word.length)
    .raw(encodePath(`${word.slice(0, colon + 1)}\0`))
    .hex(hex)
    .bytes();
}

function bankOf(size: number): ImaBank | undefined {
  return IMA_BANKS.find((bank) => IMA_BANK_SIZES[bank] === size);
}

function badLine(number: number, what: string): ImaError {
  return new ImaError("BAD_LINE", `measurement list, line ${number}: ${what}`);
}
