// SPDX-License-Identifier: Apache-2.0
// Evidence of a run that is alone: asked for at a socket in its folder.
import { noPlatform, type PlatformProver, type TokenSigner } from "../../attest/evidence/index.ts";
import type { Mirror } from "../live/mirror.ts";
import type { RunDirectory } from "../state-dir.ts";
import { Attester } from "./attester.ts";
import { AttestError } from "./errors.ts";
import { type AttestOrder, makeRoom, writeEvidence } from "./order.ts";
import { ownBuild } from "./build.ts";
import type { AttestedRun } from "./claims.ts";
import { type AttestSocket, serveAttest } from "./socket.ts";

/** What a run needs to give evidence of itself. */
export interface AttestRequest {
  readonly signer: TokenSigner;
  /** Taken: the run closes it. Absent: nobody vouches for what is said. */
  readonly prover?: PlatformProver;
  /** Evidence of all that the workload did, written when it has ended. Without it the run has failed. */
  readonly last?: { readonly order: AttestOrder; readonly file: string };
}

export interface RunEvidenceOptions {
  readonly attest: AttestRequest;
  readonly directory: RunDirectory;
  readonly run: AttestedRun;
  readonly mirror: Mirror;
  onNotice(text: string): void;
}

export interface RunEvidence {
  /**
   * The workload has ended: evidence of it is written, where that was asked for.
   * @param lost that many events could not be seen or described, as the run says itself
   * @throws AttestError NO_EVIDENCE, NOT_WRITTEN; InstantError
   */
  finish(lost: number): Promise<void>;
  close(): Promise<void>;
}

const NOT_ASKED = "no platform was asked for when the run was started";

/** @throws AttestError NO_SOCKET, NOT_WRITTEN */
export async function openRunEvidence({
  attest: { signer, prover = noPlatform(NOT_ASKED), last },
  directory,
  run,
  mirror,
  onNotice,
}: RunEvidenceOptions): Promise<RunEvidence> {
  // now: nobody wants to hear of it when all is done
  if (last !== undefined) makeRoom(last.file);
  const build = ownBuild();
  // whoever asks for evidence hears it too
  build.catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    onNotice(`no evidence can be given: ${why}`);
  });
  const attester = new Attester({ run, mirror, signer: () => signer, build, prover });
  let socket: AttestSocket;
  try {
    socket = await serveAttest(directory.path, (order) => attester.attest(order));
  } catch (error) {
    await attester.close();
    throw error;
  }
  return {
    finish: async (lost) => {
      if (last === undefined) return;
      const known = await mirror.instant();
      if (known.lost < lost) {
        const problem = `${lost} events were lost, and its namespace knows of ${known.lost}`;
        throw new AttestError("NO_EVIDENCE", `no evidence is given of the run: ${problem}`);
      }
      writeEvidence(last.file, await attester.attest(last.order));
    },
    close: async () => {
      socket.close();
      await attester.close();
    },
  };
}
