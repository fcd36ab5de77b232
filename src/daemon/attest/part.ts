// SPDX-License-Identifier: Apache-2.0
// Evidence of the daemon's workloads as a part of it: one key and one platform for all of them.
import type { Platform, TokenSigner } from "../../attest/evidence/index.ts";
import { type OwnBuild, openPlatform, ownBuild } from "../../orchestrator/attest/index.ts";
import { readTokenSigner } from "../../quote/token-signer.ts";
import type { DaemonConfig } from "../config/config.ts";
import { DaemonError } from "../errors.ts";
import type { DaemonContext, DaemonPart, RunningPart } from "../part.ts";
import type { AttestConfig } from "./config.ts";
import { Workloads } from "./workloads.ts";

export const attestPart: DaemonPart = {
  name: "attest",
  check: (config) => {
    signerOf(config);
  },
  start: async (context) => {
    const part = new Evidence(context);
    await part.reload();
    return part;
  },
};

/** @throws DaemonError BAD_CONFIG */
function signerOf({ attest: { key } }: DaemonConfig): TokenSigner | undefined {
  if (key === undefined) return undefined;
  try {
    return readTokenSigner(key);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DaemonError("BAD_CONFIG", `[attest] key: ${why}`, { cause });
  }
}

/** What can not be changed while it is in use. */
interface Opened {
  readonly chosen: string;
  readonly platform: Platform;
  readonly workloads: Workloads;
}

class Evidence implements RunningPart {
  readonly #context: DaemonContext;
  #signer: TokenSigner | undefined;
  #opened: Opened | undefined;

  constructor(context: DaemonContext) {
    this.#context = context;
  }

  /** Keys are changed while workloads run; platforms are not. */
  async reload(): Promise<void> {
    const { api, config } = this.#context;
    this.#signer = signerOf(config);
    if (this.#signer === undefined) {
      delete api.attest;
      return;
    }
    this.#opened ??= await this.#open();
    const { workloads, chosen } = this.#opened;
    api.attest = (run, order) => workloads.attest(run, order);
    if (chosen === choiceOf(config.attest)) return;
    throw new DaemonError(
      "NOT_RELOADED",
      "platform, tpm, ima and root of [attest] are read when the daemon starts: restart it",
    );
  }

  async close(): Promise<void> {
    await this.#opened?.workloads.close();
    await this.#opened?.platform.close();
  }

  async #open(): Promise<Opened> {
    const { attest } = this.#context.config;
    const { platform: kind = "auto", tpm, ima, root } = attest;
    // now: another version may be installed over this one while the daemon runs
    const build = this.#build();
    const platform = await openPlatform({
      platform: kind,
      ...(tpm === undefined ? {} : { tpm }),
      ...(ima === undefined ? {} : { ima }),
    });
    this.#context.registry.aggregate = platform.aggregate;
    const signer = (): TokenSigner => this.#required();
    const workloads = new Workloads(this.#context, { platform, signer, build, root });
    return { chosen: choiceOf(attest), platform, workloads };
  }

  #build(): Promise<OwnBuild> {
    const build = ownBuild();
    build.catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#context.tell("error", `no evidence can be given: ${why}`);
    });
    return build;
  }

  #required(): TokenSigner {
    if (this.#signer !== undefined) return this.#signer;
    throw new DaemonError("BAD_CONFIG", "the configuration names no key any more ([attest] key)");
  }
}

function choiceOf({ platform, tpm, ima, root }: AttestConfig): string {
  return JSON.stringify([platform, tpm, ima, root]);
}
