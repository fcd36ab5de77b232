// SPDX-License-Identifier: Apache-2.0
// Intel's extension of a processor's certificate (PCK). Source: SGX PCK Certificate and CRL Profile Specification, 1.3.5.
import { bytesToHex } from "../../base/hex.ts";
import {
  DER_TAGS,
  DerReader,
  type DerValue,
  oidText,
  onlyValue,
  smallInteger,
} from "../encoding/der.ts";
import type { Certificate } from "./certificate.ts";
import { badCertificate as bad, ofCertificate } from "./errors.ts";

const OID_SGX = "1.2.840.113741.1.13.1";
const COMPONENTS = 16;
const OID_TCB = `${OID_SGX}.2`;
const OID_PCE_SVN = `${OID_TCB}.${COMPONENTS + 1}`;
const OID_PCE_ID = `${OID_SGX}.3`;
const OID_FMSPC = `${OID_SGX}.4`;

export interface PckFacts {
  /** Family, model, stepping and platform: names which of Intel's TCB infos applies. Hex. */
  readonly fmspc: string;
  /** Hex. */
  readonly pceId: string;
  /** Levels of the sixteen components. */
  readonly components: readonly number[];
  readonly pceSvn: number;
}

/** What a processor's certificate says. Throws `CcError` when it has no such extension, or not all of it. */
export function pckFacts(certificate: Certificate): PckFacts {
  const extension = certificate.extensions.get(OID_SGX);
  if (extension === undefined) throw bad("no processor's: it has no SGX extension");
  return ofCertificate(() => readFacts(extension.value));
}

function readFacts(extension: Uint8Array): PckFacts {
  const fields = pairs(
    new DerReader(onlyValue(extension, "SGX extension", DER_TAGS.sequence).body),
  );
  const need = (map: ReadonlyMap<string, DerValue>, id: string): Uint8Array => {
    const value = map.get(id);
    if (value === undefined) throw bad(`SGX extension without ${id}`);
    return value.body;
  };
  const levels = pairs(new DerReader(need(fields, OID_TCB)));
  const level = (id: string): number => smallInteger(need(levels, id), "level");
  return {
    fmspc: bytesToHex(need(fields, OID_FMSPC)),
    pceId: bytesToHex(need(fields, OID_PCE_ID)),
    components: Array.from({ length: COMPONENTS }, (_, i) => level(`${OID_TCB}.${i + 1}`)),
    pceSvn: level(OID_PCE_SVN),
  };
}

function pairs(reader: DerReader): ReadonlyMap<string, DerValue> {
  const found = new Map<string, DerValue>();
  while (!reader.done) {
    const pair = reader.into("SGX extension");
    const id = oidText(pair.next("name", DER_TAGS.oid).body);
    if (found.has(id)) throw bad(`SGX extension with ${id} twice`);
    found.set(id, pair.next("value"));
    pair.end("the value");
  }
  return found;
}
