// SPDX-License-Identifier: Apache-2.0
// Evidence of one run: what is true of its namespace at one instant, vouched for by the platform, signed. The thread that decides is not
// asked and does not wait. One piece of evidence is made at a time, because a platform is one.
import {
  type Evidence,
  platformBinding,
  type PlatformEvidence,
  type PlatformProver,
  signEatCwt,
  signEatJwt,
  TokenError,
  type TokenSigner,
} from "../../attest/evidence/index.ts";
import { CodedError } from "../../base/errors.ts";
import { deferred } from "../../base/deferred.ts";
import { hexToBytes } from "../../base/hex.ts";
import type { Mirror } from "../live/mirror.ts";
import type { OwnBuild } from "./build.ts";
import { type AttestedRun, claimsOf } from "./claims.ts";
import { AttestError } from "./errors.ts";
import { EXTEND_BATCH, EXTEND_MS, MAX_WAITING_ORDERS, PROOF_MS } from "./limits.ts";
import { type AttestAnswer, answerOf, type AttestOrder } from "./order.ts";

/** What is asked of the namespace. */
export type AttestedNamespace = Pick<Mirror, "instant" | "coefficients" | "points">;

export interface AttesterParts {
  readonly run: AttestedRun;
  readonly mirror: AttestedNamespace;
  /** Asked for each piece of evidence: keys are changed while runs go on. */
  readonly signer: () => TokenSigner;
  readonly build: Promise<OwnBuild>;
  /** Taken: closed with the attester. */
  readonly prover: PlatformProver;
}

export class Attester {
  readonly #parts: AttesterParts;
  readonly #timer: NodeJS.Timeout | undefined;
  /** Coefficients that the platform was given. */
  #extended = 0;
  /** The last order in the queue. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Between the instant and the proof the platform is given nothing. */
  #proving = false;
  #closed = false;
  /** Rejects when nothing more is said. */
  readonly #ended = deferred<never>();

  constructor(parts: AttesterParts) {
    this.#parts = parts;
    if (parts.prover.extend === undefined) return;
    this.#timer = setInterval(() => this.#extendLatest(), EXTEND_MS);
  }

  /**
   * Evidence of an instant that is not before this call.
   * @throws AttestError BUSY, ENDED, NO_EVIDENCE; InstantError
   */
  async attest(order: AttestOrder): Promise<AttestAnswer> {
    if (this.#waiting >= MAX_WAITING_ORDERS) {
      const problem = `${MAX_WAITING_ORDERS} others wait for evidence of this run already: ask again later`;
      throw new AttestError("BUSY", problem);
    }
    this.#waiting += 1;
    const made = this.#last.then(() => this.#make(order));
    this.#last = made.catch(() => undefined);
    try {
      return await made;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Settles when the platform is let go. Orders that are in hand or wait are refused. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#ended.reject(ended());
    await this.#parts.prover.close();
  }

  async #make({ nonce, form }: AttestOrder): Promise<AttestAnswer> {
    this.#requireServing();
    const signer = this.#parts.signer();
    const { claims, platform } = await this.#proven(nonce, signer.kid);
    const evidence: Evidence = { ...claims, platform };
    try {
      const sign = form === "cwt" ? signEatCwt : signEatJwt;
      return answerOf(form, await sign(evidence, signer));
    } catch (error) {
      const isLong = error instanceof TokenError && error.code === "TOO_LARGE" && form === "jwt";
      throw unsayable(error, isLong ? "; a CWT is shorter (galgo attest --cwt)" : "");
    }
  }

  /** @throws AttestError ENDED, NOT_READY */
  #requireServing(): void {
    if (this.#closed) throw ended();
    if (this.#parts.run.serving()) return;
    const problem = "the workload has not started yet, or is at its end: nothing is said of it now";
    throw new AttestError("NOT_READY", problem);
  }

  /** Claims of one instant, and what the platform says of them. */
  async #proven(
    nonce: string,
    kid: string,
  ): Promise<{ readonly claims: Omit<Evidence, "platform">; readonly platform: PlatformEvidence }> {
    const { run, mirror, build, prover } = this.#parts;
    const orchestrator = await build;
    this.#proving = true;
    try {
      const instant = await mirror.instant();
      // whoever decided may be gone since: what is known of the namespace is old then
      this.#requireServing();
      this.#extendTo(instant.points);
      const claims = {
        ...claimsOf(run, instant, () => mirror.points()),
        nonce,
        issuedAt: Math.floor(Date.now() / 1_000),
        orchestrator,
      };
      const platform = await inTime(prover.prove(bindingOf(claims, kid)), this.#ended.promise);
      return { claims, platform };
    } finally {
      this.#proving = false;
    }
  }

  #extendLatest(): void {
    if (!this.#proving && this.#parts.run.serving()) this.#extendTo();
  }

  /** Gives the platform what is new, in the order of the trajectory. @param points default: all that there are */
  #extendTo(points?: number): void {
    const { prover, mirror } = this.#parts;
    if (prover.extend === undefined) return;
    const fresh = [...mirror.coefficients(this.#extended, points)].map(hexToBytes);
    for (let at = 0; at < fresh.length; at += EXTEND_BATCH)
      prover.extend(fresh.slice(at, at + EXTEND_BATCH));
    this.#extended += fresh.length;
  }
}

function ended(): AttestError {
  return new AttestError("ENDED", "the run has ended");
}

function bindingOf(claims: Omit<Evidence, "platform">, kid: string): Uint8Array {
  try {
    return platformBinding(claims, kid);
  } catch (error) {
    throw unsayable(error);
  }
}

/** A name that is longer than any in evidence, and the like. */
function unsayable(error: unknown, advice = ""): unknown {
  if (!(error instanceof TokenError)) return error;
  const problem = `no evidence can be made of this run: ${error.message}${advice}`;
  return new AttestError("NO_EVIDENCE", problem, { cause: error });
}

/** A device that hangs holds nobody else up. @throws AttestError NO_EVIDENCE */
async function inTime(
  proof: Promise<PlatformEvidence>,
  end: Promise<never>,
): Promise<PlatformEvidence> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const problem = `the platform has not vouched for the run within ${PROOF_MS / 1_000} s`;
    timer = setTimeout(() => reject(new AttestError("NO_EVIDENCE", problem)), PROOF_MS);
  });
  try {
    return await Promise.race([proof, late, end]);
  } catch (cause) {
    if (cause instanceof AttestError) throw cause;
    const why = cause instanceof CodedError ? cause.message : String(cause);
    throw new AttestError("NO_EVIDENCE", `the platform does not vouch for the run: ${why}`, {
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}
