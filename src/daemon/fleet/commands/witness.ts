// SPDX-License-Identifier: Apache-2.0
// Evidence that the fleet asks for: by the daemon's own key and platform where the configuration has them ([attest]), else by a key of the
// membership, without a platform that vouches for it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Platform, TokenSigner } from "../../../attest/evidence/index.ts";
import { openPlatform, ownBuild } from "../../../orchestrator/attest/index.ts";
import { publicPem } from "../../../quote/key-files.ts";
import { writeNewKey } from "../../../quote/new-key.ts";
import { readTokenKey, readTokenSigner } from "../../../quote/token-signer.ts";
import { Workloads } from "../../attest/workloads.ts";
import type { ManagedRun } from "../../registry/managed-run.ts";
import type { FleetSide } from "../side.ts";
import type { Witness } from "./act.ts";

const KEY = "evidence.pem";
const PUBLIC_KEY = "evidence.pub.pem";

interface Own {
  readonly platform: Platform;
  readonly workloads: Workloads;
  /** PEM */
  readonly key: string;
}

export class FleetWitness implements Witness {
  readonly #side: FleetSide;
  #own: Promise<Own> | undefined;

  constructor(side: FleetSide) {
    this.#side = side;
  }

  async testify(run: ManagedRun, order: { command: string; nonce: string }): Promise<void> {
    const { command, nonce } = order;
    const { api, config } = this.#side.context;
    const form = "jwt";
    const { attest } = api;
    const file = config.attest.key;
    const { evidence, key } =
      attest === undefined || file === undefined
        ? await this.#byOwn(run, nonce)
        : {
            ...(await attest(run, { nonce, form })),
            key: publicPem(readTokenKey(file)),
          };
    const at = Date.now();
    await this.#side.report([
      { kind: "evidence", at, command, run: run.id, nonce, form, token: evidence, key },
    ]);
  }

  async close(): Promise<void> {
    const own = await this.#own?.catch(() => undefined);
    await own?.workloads.close();
    await own?.platform.close();
  }

  async #byOwn(run: ManagedRun, nonce: string): Promise<{ evidence: string; key: string }> {
    this.#own ??= this.#open();
    const { workloads, key } = await this.#own;
    const { evidence } = await workloads.attest(run, { nonce, form: "jwt" });
    return { evidence, key };
  }

  async #open(): Promise<Own> {
    const { context, folder } = this.#side;
    const privateFile = join(folder, KEY);
    const publicFile = join(folder, PUBLIC_KEY);
    if (!existsSync(privateFile)) writeNewKey("ed25519", { privateFile, publicFile });
    const signer: TokenSigner = readTokenSigner(privateFile);
    const platform = await openPlatform({ platform: "none" });
    const parts = { platform, signer: () => signer, build: ownBuild(), root: undefined };
    parts.build.catch(() => undefined);
    return {
      platform,
      workloads: new Workloads(context, parts),
      key: publicPem(readTokenKey(privateFile)),
    };
  }
}
