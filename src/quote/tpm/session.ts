// SPDX-License-Identifier: Apache-2.0
// A TPM that vouches: its attestation key, the aggregate of its platform, and proofs over what is in its PCRs. Lost connections are made
// anew when something is asked for. Works on the event loop of its thread.
import { bytesToHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import type { TpmEvidence } from "../../attest/evidence/index.ts";
import type { PcrBank, PcrSelection } from "../../attest/tpm/index.ts";
import {
  AGGREGATE_PCRS,
  aggregateInput,
  COEFFICIENT_PCR,
  concat,
  pcrsOf,
  sameBytes,
} from "../../attest/tpm/index.ts";
import { readMeasurementList } from "../ima-list.ts";
import { TpmError, TpmRefusal } from "./errors.ts";
import { DRAIN_MS, FLUSH_MS, MAX_SHOWN_COEFFICIENT_BYTES } from "./limits.ts";
import { nodeTpmCrypto } from "./node-crypto.ts";
import { PcrExtender } from "./pcr-extender.ts";
import { quoteValues } from "./quote-values.ts";
import type { LoadedKey } from "./tpm.ts";
import { Tpm } from "./tpm.ts";
import { Turns } from "./transport-type.ts";
import { within } from "./within.ts";

const BANK = "sha256";
const QUOTED: readonly number[] = [...AGGREGATE_PCRS, COEFFICIENT_PCR];
/** With the kernel's measurement list: its own PCR, and those that its first entry is about. */
const IMA_PCRS: readonly number[] = [8, 9, 10];
/** The digest that a quote carries in the place of the binding. */
const BINDING_HASH = "sha256";

export interface SessionOptions {
  /** As `openTransport` takes it. */
  readonly address: string;
  /** How long a proof waits for coefficients. */
  readonly drainMs?: number;
  /** Bring the kernel's measurement list along. */
  readonly ima?: boolean;
}

interface Connection {
  readonly tpm: Tpm;
  readonly key: LoadedKey;
}

/** What PCR 11 says of a namespace in a proof. */
interface Extended {
  readonly start: Uint8Array;
  readonly extended: number;
  readonly coefficients?: Uint8Array;
  readonly failure?: string;
}

export class TpmSession {
  readonly #options: Required<SessionOptions>;
  readonly #quoted: PcrSelection;
  readonly #turns = new Turns();
  #connection: Connection | undefined;
  #root: PcrExtender | undefined;
  #closed = false;

  private constructor(options: Required<SessionOptions>) {
    this.#options = options;
    const pcrs = options.ima ? [...QUOTED, ...IMA_PCRS].sort((a, b) => a - b) : QUOTED;
    this.#quoted = { hash: BANK, pcrs };
  }

  /** @throws TpmError: there is no TPM, or none that can vouch */
  static async open(options: SessionOptions): Promise<TpmSession> {
    const session = new TpmSession({ drainMs: DRAIN_MS, ima: false, ...options });
    await session.#connected();
    return session;
  }

  /** What the platform's aggregate is the digest of. */
  async aggregate(): Promise<Uint8Array> {
    const bank = { hash: BANK, pcrs: AGGREGATE_PCRS } as const;
    return aggregateInput(await this.#asked(({ tpm }) => tpm.readPcrs(bank)));
  }

  /** From now on PCR 11 takes the coefficients of one namespace. Again: of another one. */
  async begin(): Promise<void> {
    this.#root = await this.#asked(({ tpm }) =>
      PcrExtender.begin(tpm, { pcr: COEFFICIENT_PCR, hash: BANK }),
    );
  }

  /** Coefficients of that namespace, `size` bytes each, in the order of its trajectory. */
  extend(coefficients: Uint8Array, size: number): void {
    for (let at = 0; at < coefficients.length; at += size)
      this.#root?.add(coefficients.subarray(at, at + size));
  }

  /** The namespace has ended: what is not extended yet never will be, so that the next one finds a register that stands still. */
  async end(): Promise<void> {
    const root = this.#root;
    this.#root = undefined;
    await root?.stop();
  }

  /**
   * Quotes PCR 0 to 7 and 11 with the digest of `binding`, and those of the kernel's measurement list where it is wanted.
   * @param ofRoot for the namespace whose coefficients are in PCR 11; of others none are
   * @throws TpmError, ImaListError
   */
  async prove(binding: Uint8Array, ofRoot: boolean): Promise<TpmEvidence> {
    return await this.#asked(async (connection) => {
      const root = ofRoot ? this.#root : undefined;
      await this.#drained(root);
      const nonce = nodeTpmCrypto.digest(BINDING_HASH, binding);
      const quoting = async (): Promise<TpmEvidence> => {
        const { tpm, key } = connection;
        const quoted = await quoteValues(tpm, key.handle, nonce, this.#quoted);
        const { pcrs, attest, signature } = quoted;
        // after the quote: the list is never behind it
        const ima = this.#options.ima ? { ima: readMeasurementList() } : {};
        return {
          ...evidenceOf(connection, pcrs, extendedIn(pcrs, root)),
          attest,
          signature,
          ...ima,
        };
      };
      if (this.#root === undefined) return await quoting();
      return (await this.#root.between(quoting)).result;
    });
  }

  /** For good: what is under way ends with GONE. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) await letGo(connection.tpm, connection.key);
  }

  /** Waits for the coefficients that were given; not for ever: what is said then is how many are in the PCR. */
  async #drained(root: PcrExtender | undefined): Promise<void> {
    if (root !== undefined) await within(root.settled(), this.#options.drainMs);
  }

  /** One at a time. A connection that turns out to be lost, or a key that is, is made anew once. */
  async #asked<T>(task: (connection: Connection) => Promise<T>): Promise<T> {
    return await this.#turns.run(async () => {
      try {
        return await task(await this.#connected());
      } catch (error) {
        // an answer that comes after all would be taken for that to the next question
        if (error instanceof TpmError) await this.#dropped();
        if (!isLost(error)) throw error;
        return await task(await this.#connected());
      }
    });
  }

  async #dropped(): Promise<void> {
    await this.#disconnect().catch(() => undefined);
  }

  async #connected(): Promise<Connection> {
    if (this.#closed)
      throw new TpmError("GONE", `the TPM at ${quote(this.#options.address)} was closed`);
    if (this.#connection !== undefined && !this.#lostMeanwhile) return this.#connection;
    await this.#dropped();
    const tpm = await Tpm.open(this.#options.address);
    let key: LoadedKey | undefined;
    try {
      key = await tpm.createAttestationKey("ecc");
      await this.#root?.resume(tpm);
      this.#connection = { tpm, key };
      return this.#connection;
    } catch (error) {
      await letGo(tpm, key).catch(() => undefined);
      throw error;
    }
  }

  /** Coefficients found that the TPM does not answer. */
  get #lostMeanwhile(): boolean {
    return this.#root?.away !== undefined;
  }
}

/** The kernel takes keys out of the TPM that were loaded through /dev/tpmrm0; nobody else does. One that hangs is not waited for. */
async function letGo(tpm: Tpm, key: LoadedKey | undefined): Promise<void> {
  if (key !== undefined)
    await within(
      tpm.flush(key.handle).catch(() => undefined),
      FLUSH_MS,
    );
  await tpm.close();
}

/** GONE: the connection. REFUSED: the key may be no more, after a reset behind a connection that held. */
function isLost(error: unknown): boolean {
  return error instanceof TpmError && (error.code === "GONE" || error instanceof TpmRefusal);
}

function extendedIn(pcrs: PcrBank, root: PcrExtender | undefined): Extended {
  const quoted = pcrs.values.get(COEFFICIENT_PCR) ?? new Uint8Array(0);
  if (root === undefined) return { start: quoted, extended: 0 };
  if (!sameBytes(quoted, root.value)) root.spoiled();
  const { extended, failure } = root.state;
  const { taken } = root;
  const bytes = taken.reduce((sum, each) => sum + each.length, 0);
  return {
    start: root.start,
    extended,
    ...(bytes === 0 || bytes > MAX_SHOWN_COEFFICIENT_BYTES ? {} : { coefficients: concat(taken) }),
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
}

function evidenceOf(
  { key }: Connection,
  pcrs: PcrBank,
  { start, ...extended }: Extended,
): Omit<TpmEvidence, "attest" | "signature"> {
  const register = (index: number): string =>
    bytesToHex(pcrs.values.get(index) ?? new Uint8Array(0));
  return {
    kind: "tpm",
    akPublic: key.public,
    bank: pcrs.hash,
    pcrs: pcrsOf(pcrs).map((index) => ({ index, value: register(index) })),
    start: bytesToHex(start),
    ...extended,
  };
}
