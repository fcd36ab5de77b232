// SPDX-License-Identifier: Apache-2.0
// A TPM as a platform that vouches for namespaces: one thread and one connection for all of them. Nobody here waits for the TPM longer
// than is said in limits.ts, and whoever decides does not wait at all.
import { createHash } from "node:crypto";
import type { Worker } from "node:worker_threads";
import { CodedError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import type {
  EvidenceRules,
  Platform,
  PlatformEvidence,
  PlatformProver,
  TpmEvidence,
} from "../../attest/evidence/index.ts";
import { concat } from "../../attest/tpm/index.ts";
import { siblingModule, startThread } from "../../native/start-thread.ts";
import type { TpmErrorCode } from "./errors.ts";
import { TpmError } from "./errors.ts";
import { CLOSE_MS, DRAIN_MS, OPEN_MS, PROVE_MS } from "./limits.ts";
import type {
  TpmAnswer,
  TpmOrder,
  TpmProblem,
  TpmQuestion,
  TpmThreadData,
} from "./thread-protocol.ts";
import { DEFAULT_TPM } from "./transport.ts";
import { within } from "./within.ts";

export interface TpmPlatformOptions {
  /** As `openTransport` takes it; default /dev/tpmrm0. */
  readonly tpm?: string;
  /** Bring the kernel's measurement list along, and quote its PCRs; default false. */
  readonly ima?: boolean;
  readonly openMs?: number;
  readonly proveMs?: number;
  readonly drainMs?: number;
  /** It was closed, and its thread hangs in a system call: an orderly end of the process would wait for it. */
  readonly onHung?: () => void;
}

interface Waiter {
  readonly done: (answer: TpmAnswer) => void;
}

/** A TPM that was opened. Methods throw `TpmError`. */
export class TpmPlatform implements Platform {
  readonly address: string;
  readonly #thread: Worker;
  readonly #options: Required<TpmPlatformOptions>;
  readonly #waiters = new Map<number, Waiter>();
  #aggregated: Uint8Array = new Uint8Array(0);
  #asked = 0;
  #rootIsTaken = false;
  #closing: Promise<void> | undefined;
  #end: TpmError | undefined;

  private constructor(options: Required<TpmPlatformOptions>) {
    this.#options = options;
    this.address = options.tpm;
    const { tpm: address, drainMs, ima } = options;
    const data: TpmThreadData = { address, drainMs, ima };
    const module = siblingModule(import.meta.url, "thread");
    this.#thread = startThread(module, { workerData: data });
    this.#thread.unref();
    this.#thread.on("message", (answer: TpmAnswer) => this.#waiters.get(answer.id)?.done(answer));
    this.#thread.on("error", (error) => this.#ended(`has failed: ${quote(error.message)}`));
    this.#thread.on("exit", () => this.#ended("was closed"));
  }

  /**
   * Opens a TPM and makes its attestation key.
   * @throws TpmError NO_TPM, BAD_ADDRESS, NO_ANSWER, REFUSED: there is none that could vouch
   */
  static async open(options: TpmPlatformOptions = {}): Promise<TpmPlatform> {
    const { openMs = OPEN_MS } = options;
    const defaults = { tpm: DEFAULT_TPM, ima: false, proveMs: PROVE_MS, drainMs: DRAIN_MS };
    const onHung = (): void => undefined;
    const platform = new TpmPlatform({ ...defaults, onHung, ...options, openMs });
    try {
      platform.#aggregated = (await platform.#ask({ what: "open" }, openMs)) as Uint8Array;
      return platform;
    } catch (error) {
      await platform.close();
      throw error;
    }
  }

  /**
   * The platform's aggregate of this boot (hex): the digest of PCR 0 to 7, as TSEM kernels have it. Of the time when the TPM was opened:
   * no workload waits for it. A PCR that changes later is in the quotes, and so known to verifiers.
   */
  readonly aggregate = async (digest: EvidenceRules["digest"]): Promise<string> =>
    createHash(digest).update(this.#aggregated).digest("hex");

  /**
   * What vouches for one namespace.
   * @param root its coefficients are in PCR 11, which one namespace at a time can have
   * @throws TpmError IN_USE: another one has it
   */
  async prover({ root }: { readonly root: boolean }): Promise<PlatformProver> {
    if (!root) {
      return {
        prove: (binding) => this.#prove(binding, false),
        close: () => Promise.resolve(),
      };
    }
    if (this.#rootIsTaken)
      throw new TpmError("IN_USE", "the coefficients of another namespace are in PCR 11 already");
    this.#rootIsTaken = true;
    try {
      await this.#ask({ what: "begin" }, this.#options.openMs);
    } catch (error) {
      this.#rootIsTaken = false;
      throw error;
    }
    return this.#rootProver();
  }

  /** Lets the TPM go. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  #rootProver(): PlatformProver {
    let open = true;
    return {
      extend: (coefficients) => {
        const [first] = coefficients;
        if (!open || first === undefined) return;
        const size = first.length;
        this.#tell({ what: "extend", coefficients: concat(coefficients), size });
      },
      prove: (binding) => this.#prove(binding, open),
      close: () => {
        if (open) {
          open = false;
          this.#rootIsTaken = false;
          this.#tell({ what: "end" });
        }
        return Promise.resolve();
      },
    };
  }

  async #prove(binding: Uint8Array, ofRoot: boolean): Promise<PlatformEvidence> {
    const result = await this.#ask({ what: "prove", binding, ofRoot }, this.#options.proveMs);
    return result as TpmEvidence;
  }

  #tell(order: TpmOrder): void {
    if (this.#end === undefined) this.#thread.postMessage(order);
  }

  async #ask(question: TpmQuestion, atMostMs: number): Promise<TpmAnswer["result"]> {
    if (this.#end !== undefined) throw this.#end;
    const id = ++this.#asked;
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<TpmAnswer>((done) => {
        const message = `the TPM at ${quote(this.address)} has not answered within ${atMostMs / 1_000} s`;
        const problem = { ofTpm: true, code: "NO_ANSWER", message };
        timer = setTimeout(() => done({ id, problem }), atMostMs);
        this.#waiters.set(id, { done });
        this.#tell({ what: "ask", id, question, until: Date.now() + atMostMs });
      });
      const { problem, result } = answer;
      if (problem !== undefined) throw errorOf(problem);
      return result;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(id);
    }
  }

  #ended(how: string): void {
    this.#end ??= new TpmError("GONE", `the TPM at ${quote(this.address)} ${how}`);
    const problem = { ofTpm: true, code: this.#end.code, message: this.#end.message };
    for (const [id, { done }] of this.#waiters) done({ id, problem });
  }

  async #close(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      if (this.#end === undefined) this.#thread.once("exit", () => resolve());
      else resolve();
    });
    this.#tell({ what: "close" });
    if (await within(gone, CLOSE_MS)) return;
    void this.#thread.terminate();
    if (!(await within(gone, CLOSE_MS))) this.#options.onHung();
  }
}

function errorOf({ ofTpm, code, message }: TpmProblem): CodedError {
  return ofTpm ? new TpmError(code as TpmErrorCode, message) : new CodedError(code, message);
}
