// SPDX-License-Identifier: Apache-2.0
// A TPM 2.0: the few commands that attestation needs.
import type {
  Credential,
  PcrBank,
  PcrSelection,
  TpmHash,
  TpmReader,
} from "../../attest/tpm/index.ts";
import {
  ALG,
  concat,
  encodeSelection,
  fitToBank,
  HANDLE,
  HASH_SIZES,
  MAX_NONCE_BYTES,
  readSelections,
  TpmWriter,
} from "../../attest/tpm/index.ts";
import type { Command, Response } from "./command.ts";
import { EMPTY_PASSWORD, give } from "./command.ts";
import { TpmError, TpmRefusal } from "./errors.ts";
import { MAX_RANDOM_BYTES } from "./limits.ts";
import { startEndorsementSession } from "./policy-session.ts";
import type { KeyFamily } from "./templates.ts";
import { attestationTemplate, endorsementTemplate } from "./templates.ts";
import { openTransport } from "./transport.ts";
import type { Transport } from "./transport-type.ts";

/** A key that is loaded: it takes a place in the TPM until `flush`. */
export interface LoadedKey {
  readonly handle: number;
  /** TPMT_PUBLIC */
  readonly public: Uint8Array;
}

/** What TPM2_ReadPublic says of a key. */
export interface KeyNames {
  readonly public: Uint8Array;
  readonly name: Uint8Array;
  readonly qualifiedName: Uint8Array;
}

export interface QuoteBytes {
  /** TPMS_ATTEST */
  readonly attest: Uint8Array;
  /** TPMT_SIGNATURE */
  readonly signature: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** Methods throw `TpmRefusal` when the TPM says no, `TpmError` when it is gone, `TpmFormatError` when it talks nonsense. */
export class Tpm {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** See `openTransport` for addresses. */
  static async open(address?: string): Promise<Tpm> {
    return new Tpm(await openTransport(address));
  }

  get address(): string {
    return this.#transport.address;
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  /** TPM2_Startup(CLEAR), which firmware has done on real machines; no error when it was done. */
  async startup(): Promise<void> {
    try {
      await this.give({ name: "Startup", parameters: new TpmWriter().u16(0).bytes() });
    } catch (error) {
      if (!(error instanceof TpmRefusal && error.response === "TPM_RC_INITIALIZE")) throw error;
    }
  }

  /** Random bytes of the TPM. */
  async random(size: number): Promise<Uint8Array> {
    if (!Number.isInteger(size) || size < 1 || size > MAX_RANDOM_BYTES)
      throw new RangeError(
        `${size} random bytes were asked for; from 1 to ${MAX_RANDOM_BYTES} are given`,
      );
    const parts: Uint8Array[] = [];
    for (let left = size; left > 0; ) {
      const parameters = new TpmWriter().u16(left).bytes();
      const response = await this.give({ name: "GetRandom", parameters });
      const bytes = response.parameters.sized("random bytes");
      if (bytes.length === 0 || bytes.length > left)
        throw new TpmError(
          "BAD_ANSWER",
          `the TPM gave ${bytes.length} random bytes instead of ${left}`,
        );
      parts.push(bytes);
      left -= bytes.length;
    }
    return concat(parts);
  }

  /**
   * Values of PCRs. They are of one instant only if nobody extends them meanwhile: a TPM gives eight at a time, so compare
   * them with a quote. Throws `TpmError` NO_BANK when the TPM does not keep them in this bank.
   */
  async readPcrs({ hash, pcrs }: PcrSelection): Promise<PcrBank> {
    const values = new Map<number, Uint8Array>();
    let left = [...new Set(pcrs)].sort((a, b) => a - b);
    while (left.length > 0) {
      const parameters = encodeSelection({ hash, pcrs: left });
      const response = await this.give({ name: "PCR_Read", parameters });
      const before = values.size;
      readValues(response.parameters, hash, values);
      if (values.size === before)
        throw new TpmError(
          "NO_BANK",
          `the TPM has no PCR ${left.join(",")} in bank ${hash}; try another bank (sha256, sha384, sha1)`,
        );
      left = left.filter((pcr) => !values.has(pcr));
    }
    return { hash, values };
  }

  /** Extends a PCR in each of `hashes`; a digest of another length is cut or filled with zeros (`fitToBank`). */
  async extendPcr(
    pcr: number,
    digest: Uint8Array,
    hashes: readonly TpmHash[] = ["sha256"],
  ): Promise<void> {
    const parameters = new TpmWriter().u32(hashes.length);
    for (const hash of hashes) parameters.u16(ALG[hash]).raw(fitToBank(digest, hash));
    await this.give({
      name: "PCR_Extend",
      handles: [pcr],
      authorizations: [EMPTY_PASSWORD],
      parameters: parameters.bytes(),
    });
  }

  /** A key of a hierarchy's seed: the same for the same template until the TPM is cleared. */
  async createPrimary(
    template: Uint8Array,
    hierarchy: number = HANDLE.endorsement,
  ): Promise<LoadedKey> {
    const sensitive = new TpmWriter().sized(NOTHING).sized(NOTHING).bytes();
    const { handle, parameters } = await this.give({
      name: "CreatePrimary",
      handles: [hierarchy],
      authorizations: [EMPTY_PASSWORD],
      parameters: new TpmWriter().sized(sensitive).sized(template).sized(NOTHING).u32(0).bytes(),
      givesHandle: true,
    });
    return { handle, public: parameters.sized("public area") };
  }

  async createAttestationKey(family: KeyFamily = "ecc"): Promise<LoadedKey> {
    return await this.createPrimary(attestationTemplate(family));
  }

  async createEndorsementKey(family: KeyFamily = "ecc"): Promise<LoadedKey> {
    return await this.createPrimary(endorsementTemplate(family));
  }

  async readPublic(handle: number): Promise<KeyNames> {
    const { parameters } = await this.give({ name: "ReadPublic", handles: [handle] });
    return {
      public: parameters.sized("public area"),
      name: parameters.sized("name"),
      qualifiedName: parameters.sized("qualified name"),
    };
  }

  /** Takes a key or a session out of the TPM. */
  async flush(handle: number): Promise<void> {
    await this.give({ name: "FlushContext", parameters: new TpmWriter().u32(handle).bytes() });
  }

  /** Signs the PCRs of `selection` and `nonce` (at most 64 bytes) with an attestation key. */
  async quote(key: number, nonce: Uint8Array, selection: PcrSelection): Promise<QuoteBytes> {
    if (nonce.length > MAX_NONCE_BYTES)
      throw new RangeError(
        `the nonce has ${nonce.length} bytes, a quote takes ${MAX_NONCE_BYTES}; give its digest`,
      );
    const { parameters } = await this.give({
      name: "Quote",
      handles: [key],
      authorizations: [EMPTY_PASSWORD],
      parameters: new TpmWriter()
        .sized(nonce)
        .u16(ALG.null)
        .raw(encodeSelection(selection))
        .bytes(),
    });
    return { attest: parameters.sized("quote"), signature: parameters.rest("signature") };
  }

  /** What `makeCredential` of a verifier does, done by a TPM, with an endorsement key loaded in it. */
  async makeCredential(key: number, value: Uint8Array, name: Uint8Array): Promise<Credential> {
    const parameters = new TpmWriter().sized(value).sized(name).bytes();
    const response = await this.give({ name: "MakeCredential", handles: [key], parameters });
    return {
      blob: response.parameters.sized("credential"),
      secret: response.parameters.sized("secret"),
    };
  }

  /**
   * Opens a credential: shows that both keys are in this TPM. `endorsement` is one of the default endorsement keys, which ask
   * for the (empty) authorization of the endorsement hierarchy in a policy session.
   */
  async activateCredential(
    attestation: number,
    endorsement: number,
    credential: Credential,
  ): Promise<Uint8Array> {
    const session = await startEndorsementSession(this);
    try {
      const { parameters } = await this.give({
        name: "ActivateCredential",
        handles: [attestation, endorsement],
        authorizations: [EMPTY_PASSWORD, { handle: session }],
        parameters: new TpmWriter().sized(credential.blob).sized(credential.secret).bytes(),
      });
      return parameters.sized("credential");
    } finally {
      // A session that has done its command is gone by itself; one whose command was refused is not.
      await this.flush(session).catch(() => undefined);
    }
  }

  /** Gives a command that has no method here. */
  async give(command: Command): Promise<Response> {
    return await give(this.#transport, command);
  }
}

/** Reads the selection and the values that TPM2_PCR_Read has given. */
function readValues(parameters: TpmReader, hash: TpmHash, values: Map<number, Uint8Array>): void {
  parameters.u32("update counter");
  const pcrs = readSelections(parameters).flatMap((selection) =>
    selection.hash === hash ? selection.pcrs : [],
  );
  const count = parameters.u32("number of values");
  for (const pcr of pcrs.slice(0, count)) {
    const value = parameters.sized("value of a PCR");
    if (value.length !== HASH_SIZES[hash])
      throw parameters.bad(
        `PCR ${pcr}`,
        `has ${value.length} bytes, bank ${hash} has ${HASH_SIZES[hash]}`,
      );
    values.set(pcr, value);
  }
}
