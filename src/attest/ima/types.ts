// SPDX-License-Identifier: Apache-2.0
// Entries of the kernel's measurement list, and the digests it is made with.

/** Banks of a TPM whose PCR 10 can be computed from a list. */
export const IMA_BANKS = ["sha1", "sha256", "sha384", "sha512"] as const;

export type ImaBank = (typeof IMA_BANKS)[number];

/** Bytes of a digest of each bank. */
export const IMA_BANK_SIZES: Readonly<Record<ImaBank, number>> = {
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/** The digest functions as a value: this stage has none of its own. */
export type ImaDigest = (bank: ImaBank, data: Uint8Array) => Uint8Array;

/** Register that the kernel extends unless its policy says another. */
export const IMA_PCR = 10;

/** Bytes that a list may have. */
export const MAX_LIST_BYTES: number = 64 * 1024 * 1024;
/** Entries that a list may have. */
export const MAX_ENTRIES = 1_000_000;
/** Bytes that one entry's template data may have: the kernel measures keys, command lines and critical data whole. */
export const MAX_ENTRY_BYTES: number = 4 * 1024 * 1024;
/** Bytes of a template's name, as in the kernel. */
export const MAX_TEMPLATE_NAME = 255;
/** Registers of a TPM. */
export const PCR_COUNT = 24;

/** Digest of a file as an entry tells it. */
export interface FileDigest {
  /** Hash of the file's bytes (`ima`) or of its fs-verity descriptor (`verity`). */
  readonly kind: "ima" | "verity";
  /** As the kernel names it: sha1, sha256, ... */
  readonly algorithm: string;
  readonly digest: Uint8Array;
}

/** One measurement. */
export interface ImaEntry {
  /** Place in the list, from 1. */
  readonly number: number;
  readonly pcr: number;
  readonly template: string;
  /** Template digest that the list tells; all zero for a violation. */
  readonly listed: Uint8Array;
  /**
   * The file was written while it was measured, or measured while it was written. The register was extended with ones, so
   * nothing of such an entry but that it is one is bound to the register.
   */
  readonly violation: boolean;
  /** The bytes whose digest is the template digest. */
  readonly hashed: Uint8Array;
  /** Undefined for templates this reader does not know. */
  readonly file?: FileDigest;
  /** The kernel wrote blanks as underscores; see `imaPath`. */
  readonly path?: string;
  /** Signature of the file, of templates that carry one; absent when the file had none. */
  readonly signature?: Uint8Array;
  /** Measured bytes themselves (template ima-buf). */
  readonly buffer?: Uint8Array;
}

/** A list as read. */
export interface ImaList {
  /** Algorithm of the listed template digests. */
  readonly bank: ImaBank;
  readonly entries: readonly ImaEntry[];
}
