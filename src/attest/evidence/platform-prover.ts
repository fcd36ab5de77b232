// SPDX-License-Identifier: Apache-2.0
// A platform that vouches for what is said of one namespace: a TPM, the firmware of a confidential machine, or nobody. Whoever makes
// evidence gets it as a value.
import type { DigestName } from "../../model/names/index.ts";
import type { NoPlatform, PlatformEvidence } from "./types.ts";

/**
 * The order for one piece of evidence: coefficients up to the instant that it tells of, the claims of that instant, and then `prove` over
 * them. Whoever gives coefficients gives none in between, so what is in the platform is never ahead of the claims.
 */
export interface PlatformProver {
  /**
   * Coefficients of the namespace, in the order of its trajectory, each once. Returns at once; they are taken in turn, before whatever is
   * asked for after them. Absent: this platform, or this namespace of it, takes none.
   */
  readonly extend?: (coefficients: readonly Uint8Array[]) => void;
  /**
   * What the platform says of `binding`: the value of `platformBinding`, whose digest is the nonce of its quote or report. Rejects when
   * it can not be made, and never answers with less than the platform was opened for: then there is no evidence.
   * @throws CodedError, in words for whoever asked
   */
  prove(binding: Uint8Array): Promise<PlatformEvidence>;
  /** Lets go of devices and threads. A second time, it does nothing. */
  close(): Promise<void>;
}

/** What vouches for the namespaces of this machine; opened once in a process. */
export interface Platform {
  /**
   * What the models of this machine start from: a digest over the state that it was started in. Absent: zeros.
   * @returns hex
   */
  readonly aggregate?: (digest: DigestName) => Promise<string>;
  /**
   * For one namespace.
   * @param root its coefficients go into the platform. At most one at a time may want that: a second one rejects.
   */
  prover(options: { readonly root: boolean }): Promise<PlatformProver>;
  /** Lets go of devices and threads. */
  close(): Promise<void>;
}

/** Nobody vouches. @param why shown to the verifier */
export function noPlatform(why: string): PlatformProver {
  const evidence: NoPlatform = { kind: "none", why };
  return { prove: () => Promise.resolve(evidence), close: () => Promise.resolve() };
}
