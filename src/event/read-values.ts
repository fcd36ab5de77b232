// SPDX-License-Identifier: Apache-2.0
// Checked readers of the scalars of a record, all of them JSON strings, and of lists of them.
import { isHex } from "../base/hex.ts";
import { encodePath } from "../base/path-text.ts";
import { quote } from "../base/quote.ts";
import { MAX_DIGEST_BYTES, MAX_LIST, MAX_S_ID_BYTES, MAX_TEXT_CHARS } from "./limits.ts";
import type { Place, Reader } from "./read-members.ts";
import { memberError, type RecordError } from "./record-error.ts";

const U32 = 0xffff_ffff;
const U64 = 0xffff_ffff_ffff_ffffn;
const MIN_I32 = -0x8000_0000;
const MIN_I64 = -0x8000_0000_0000_0000n;
const DECIMAL = /^(?:0|[1-9][0-9]{0,19})$/;
const SIGNED = /^(?:0|-?[1-9][0-9]{0,19})$/;
const OCTAL = /^0[0-7]{1,11}$/;
const HEX_NUMBER = /^0x[0-9a-f]{1,16}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const ZERO = 48;
const NINE = 57;

export const readText: Reader<string> = (value, of, name) => {
  if (typeof value !== "string") throw memberError(of.at(name), "is not a string");
  if (value.length > MAX_TEXT_CHARS) {
    throw memberError(of.at(name), `is longer than ${MAX_TEXT_CHARS}`);
  }
  return value;
};

const wrong = (value: string, of: Place, name: string, what: string): RecordError =>
  memberError(of.at(name), `is not ${what}: ${quote(value, 40)}`);

const matching = (shape: RegExp, what: string): Reader<string> => {
  return (value, of, name) => {
    const text = readText(value, of, name);
    if (!shape.test(text)) throw wrong(text, of, name, what);
    return text;
  };
};

/** Value of plain decimal digits of at most 10 places, -1 for anything else. By hand: a record has about 25 of them. */
function decimalOf(text: string): number {
  const { length } = text;
  if (length === 0 || length > 10 || (length > 1 && text.charCodeAt(0) === ZERO)) return -1;
  let number = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < ZERO || code > NINE) return -1;
    number = number * 10 + code - ZERO;
  }
  return number;
}

const unsigned = (max: number): Reader<number> => {
  return (value, of, name) => {
    const text = readText(value, of, name);
    const number = decimalOf(text);
    if (number < 0) throw wrong(text, of, name, "a decimal number");
    if (number > max) throw memberError(of.at(name), `is larger than ${max}`);
    return number;
  };
};

const wide = (shape: RegExp, what: string): Reader<bigint> => {
  const read = matching(shape, what);
  return (value, of, name) => {
    const number = BigInt(read(value, of, name));
    if (number > U64) throw memberError(of.at(name), "is larger than 64 bits");
    return number;
  };
};

/** A list of values that `read` reads. */
export const listOf = <T>(read: Reader<T>): Reader<readonly T[]> => {
  return (value, of, name) => {
    if (!Array.isArray(value)) throw memberError(of.at(name), "is not a list");
    if (value.length > MAX_LIST) {
      throw memberError(of.at(name), `has more than ${MAX_LIST} items`);
    }
    return value.map((item, i) => read(item, of, `${name}.${i}`));
  };
};

export const readU32: Reader<number> = unsigned(U32);
export const readU64: Reader<bigint> = wide(DECIMAL, "a decimal number");
export const readMask: Reader<bigint> = wide(HEX_NUMBER, "a hex number");
const readSigned = matching(SIGNED, "a decimal number");
const readOctalText = matching(OCTAL, "an octal number");

/** A C int; one that a kernel printed unsigned keeps that value, which has the same bits. */
export const readI32: Reader<number> = (value, of, name) => {
  const number = Number(readSigned(value, of, name));
  if (number > U32 || number < MIN_I32) throw memberError(of.at(name), "is outside 32 bits");
  return number;
};

/** As `readI32`, of 64 bits. */
export const readI64: Reader<bigint> = (value, of, name) => {
  const number = BigInt(readSigned(value, of, name));
  if (number > U64 || number < MIN_I64) throw memberError(of.at(name), "is outside 64 bits");
  return number;
};

const octal = (max: number): Reader<number> => {
  return (value, of, name) => {
    const number = Number.parseInt(readOctalText(value, of, name), 8);
    if (number > max) throw memberError(of.at(name), `is larger than 0${max.toString(8)}`);
    return number;
  };
};

/** A mode as the kernel prints it: all bits of it. */
export const readOctal: Reader<number> = octal(U32);
/** A mode of 16 bits. */
export const readMode: Reader<number> = octal(0xffff);

export const readMagic: Reader<number> = (value, of, name) => {
  const number = Number(readMask(value, of, name));
  if (number > U32) throw memberError(of.at(name), "is larger than 32 bits");
  return number;
};

export const readDigest: Reader<string> = (value, of, name) => {
  const text = readText(value, of, name);
  if (text === "" || text.length > MAX_DIGEST_BYTES * 2 || !isHex(text)) {
    throw wrong(text, of, name, "a digest in hex");
  }
  return text;
};

export const readBytes16: Reader<string> = (value, of, name) => {
  const text = readText(value, of, name);
  if (!isHex(text, 16)) throw wrong(text, of, name, "32 hex digits");
  return text;
};

export const readSId: Reader<string> = (value, of, name) => {
  const text = readText(value, of, name);
  // A name of at most a third of the bytes fits whatever its characters are.
  const fits = text.length * 3 <= MAX_S_ID_BYTES || encodePath(text).length <= MAX_S_ID_BYTES;
  if (!fits) throw memberError(of.at(name), `is longer than ${MAX_S_ID_BYTES} bytes`);
  return text;
};

export const readU16: Reader<number> = unsigned(0xffff);
export const readBase64: Reader<string> = matching(BASE64, "base64");
