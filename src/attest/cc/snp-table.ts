// SPDX-License-Identifier: Apache-2.0
// The table of certificates that a host gives along with an SEV-SNP report (auxblob of configfs-tsm). Source: Guest-Hypervisor
// Communication Block Standardization (56421), SNP extended guest request.
import { bytesToHex } from "../../base/hex.ts";
import { type Certificate, parseCertificate, parsePemChain } from "./certificate.ts";
import { CcError } from "./errors.ts";
import { FieldReader } from "./reader.ts";

/** Bytes that a table with its certificates may have. */
export const MAX_TABLE_BYTES: number = 256 * 1024;
/** Entries that are read; hosts have at most a handful. */
export const MAX_TABLE_ENTRIES = 32;

const END = "00".repeat(16);
/** Names of entries, as bytes in the order of their text. */
const VCEK = "63da758de6644564adc5f4b93be8accd";
const VLEK = "a8074bc2a25a483eaae639c045a0b8a1";
const INTERMEDIATE = "4ab7b379bbac4fe4a02f05aef327c782";
const ROOT = "c0b406a4a803495297433fb6014cd0ae";
const PEM_START = "-----BEGIN";

/**
 * The chain of a table, leaf first, as `verifySnp` takes it: the key that the report says signed it, AMD's intermediate and root.
 * Entries of other kinds are passed over. Throws `CcError` when one is missing, stands twice, or is no certificate.
 */
export function snpChain(table: Uint8Array, signer: "vcek" | "vlek"): readonly Certificate[] {
  const found = readTable(table);
  const wanted = [signer === "vcek" ? VCEK : VLEK, INTERMEDIATE, ROOT];
  const names = [signer.toUpperCase(), "AMD's intermediate", "AMD's root"];
  return wanted.map((id, i) => {
    const bytes = found.get(id);
    if (bytes === undefined) {
      throw new CcError("BAD_CHAIN", `table of certificates: no entry for ${names[i]}`);
    }
    return readOne(bytes, names[i] ?? "");
  });
}

function readTable(table: Uint8Array): ReadonlyMap<string, Uint8Array> {
  if (table.length > MAX_TABLE_BYTES) {
    throw new CcError("TOO_LARGE", `table of certificates of more than ${MAX_TABLE_BYTES} bytes`);
  }
  const reader = new FieldReader(table, "table of certificates");
  const found = new Map<string, Uint8Array>();
  for (let i = 0; i < MAX_TABLE_ENTRIES; i++) {
    const id = bytesToHex(reader.take(16, "entry"));
    const offset = reader.u32("entry");
    const size = reader.u32("entry");
    if (id === END) return found;
    if (offset + size > table.length) {
      throw new CcError("TRUNCATED", `table of certificates: entry ${i + 1} lies beyond its end`);
    }
    if (found.has(id)) throw reader.bad(`entry ${i + 1} stands twice`);
    found.set(id, table.subarray(offset, offset + size));
  }
  throw new CcError("TOO_LARGE", `table of certificates of more than ${MAX_TABLE_ENTRIES} entries`);
}

/** One certificate, DER, or text as some hosts give it. */
function readOne(bytes: Uint8Array, name: string): Certificate {
  const text = new TextDecoder().decode(bytes.slice(0, PEM_START.length));
  if (text !== PEM_START) return parseCertificate(bytes);
  const [only, ...rest] = parsePemChain(new TextDecoder().decode(bytes.slice()));
  if (only !== undefined && rest.length === 0) return only;
  throw new CcError("BAD_FORM", `table of certificates: ${name} is not one certificate`);
}
