// SPDX-License-Identifier: Apache-2.0
// A TPM that is nothing but its PCRs and an attestation key of Node: it quotes whatever a test wants quoted, which a real one would not.
import { generateKeyPairSync, sign } from "node:crypto";
import { bytesToHex } from "../../src/base/hex.ts";
import {
  ALG,
  ATTRIBUTE,
  aggregateOf,
  encodeSelection,
  HANDLE,
  nameOf,
  parsePublic,
  type PcrBank,
  pcrDigest,
  qualifiedNameOf,
  replayPcr,
  TpmWriter,
} from "../../src/attest/tpm/index.ts";
import { nodeTpmCrypto as crypto } from "./tpm-parts.ts";

const GENERATED = 0xff544347;
const QUOTE = 0x8018;
const P256 = 3;
const PCR_BYTES = 32;
const EMPTY = new Uint8Array(0);
const AK_BITS =
  ATTRIBUTE.fixedTpm | ATTRIBUTE.sensitiveDataOrigin | ATTRIBUTE.restricted | ATTRIBUTE.sign;

/** What a quote is made of that is not in the registers. */
export interface QuoteTerms {
  /** Its qualifying data. */
  readonly nonce: Uint8Array;
  readonly pcrs: readonly number[];
}

export class SoftTpm {
  /** TPMT_PUBLIC */
  readonly akPublic: Uint8Array;
  /** hex */
  readonly akName: string;
  readonly #key = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #pcrs = new Map<number, Uint8Array>();

  /** @param attributes of the key; others than those of an attestation key are for lies */
  constructor(attributes: number = AK_BITS) {
    const { x = "", y = "" } = this.#key.publicKey.export({ format: "jwk" });
    const number = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));
    this.akPublic = new TpmWriter()
      .u16(ALG.ecc)
      .u16(ALG.sha256)
      .u32(attributes)
      .sized(EMPTY)
      .u16(ALG.null)
      .u16(ALG.ecdsa)
      .u16(ALG.sha256)
      .u16(P256)
      .u16(ALG.null)
      .sized(number(x))
      .sized(number(y))
      .bytes();
    this.akName = bytesToHex(nameOf(parsePublic(this.akPublic), crypto));
    this.reset();
  }

  /** As the machine is started anew. */
  reset(): void {
    for (let pcr = 0; pcr < 24; pcr++) this.#pcrs.set(pcr, new Uint8Array(PCR_BYTES));
    // as if firmware had measured something
    for (let pcr = 0; pcr < 8; pcr++) this.extend(pcr, new Uint8Array(PCR_BYTES).fill(pcr + 1));
  }

  extend(pcr: number, digest: Uint8Array): void {
    this.#pcrs.set(pcr, replayPcr("sha256", [digest], crypto, this.#pcrs.get(pcr)));
  }

  bank(pcrs: readonly number[]): PcrBank {
    const values = pcrs.map((pcr) => [pcr, this.#pcrs.get(pcr) ?? EMPTY] as const);
    return { hash: "sha256", values: new Map(values) };
  }

  /** hex; H(PCR 0 | ... | PCR 7) */
  get aggregate(): string {
    return bytesToHex(aggregateOf(this.bank([0, 1, 2, 3, 4, 5, 6, 7]), "sha256", crypto));
  }

  quote({ nonce, pcrs }: QuoteTerms): { attest: Uint8Array; signature: Uint8Array } {
    const signer = qualifiedNameOf(parsePublic(this.akPublic), HANDLE.endorsement, crypto);
    const attest = new TpmWriter()
      .u32(GENERATED)
      .u16(QUOTE)
      .sized(signer)
      .sized(nonce)
      .raw(new Uint8Array(8))
      .u32(7)
      .u32(1)
      .u8(1)
      .raw(new Uint8Array(8))
      .raw(encodeSelection({ hash: "sha256", pcrs }))
      .sized(pcrDigest(this.bank(pcrs), "sha256", crypto))
      .bytes();
    const raw = sign("sha256", attest, { key: this.#key.privateKey, dsaEncoding: "ieee-p1363" });
    const [r, s] = [raw.subarray(0, 32), raw.subarray(32)];
    const signature = new TpmWriter().u16(ALG.ecdsa).u16(ALG.sha256).sized(r).sized(s).bytes();
    return { attest, signature };
  }
}
