// SPDX-License-Identifier: Apache-2.0
// JSON and CBOR as forms are written to them.
import { bytesToHex, hexToBytes, isHex } from "../../base/hex.ts";
import { decodeBase64url, encodeBase64url } from "../encoding/strict-base64.ts";
import type { CborValue } from "./cbor.ts";
import type { JsonValue } from "./canonical-json.ts";
import type { Label, Wire } from "./forms.ts";

export const jsonWire: Wire<JsonValue> = {
  plain: (value) => value,
  bytes: (bytes, as) => (as === "hex" ? bytesToHex(bytes) : encodeBase64url(bytes)),
  list: (items) => items,
  record: (members) => Object.fromEntries(members.map(({ name, item }) => [name, item])),
  readBytes(item, as) {
    if (typeof item !== "string") return undefined;
    if (as === "base64url") return decodeBase64url(item);
    return isHex(item) ? hexToBytes(item) : undefined;
  },
  readRecord(item) {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return undefined;
    return new Map<Label, unknown>(Object.entries(item));
  },
  key: (name) => name,
};

export const cborWire: Wire<CborValue> = {
  plain: (value) => value,
  bytes: (bytes) => bytes,
  list: (items) => items,
  record: (members) => new Map(members.map(({ label, item }) => [label, item])),
  readBytes: (item) => (item instanceof Uint8Array ? item : undefined),
  readRecord: (item) => (item instanceof Map ? new Map<Label, unknown>(item) : undefined),
  key: (_name, label) => label,
};
