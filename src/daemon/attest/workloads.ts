// SPDX-License-Identifier: Apache-2.0
// Who makes evidence of which workload: one for each that was asked about, from the first time on, and one for the workload whose
// coefficients go into the platform, from its start on.
import type { Platform, TokenSigner } from "../../attest/evidence/index.ts";
import { quote } from "../../base/quote.ts";
import {
  type AttestAnswer,
  AttestError,
  Attester,
  type AttestOrder,
  type OwnBuild,
} from "../../orchestrator/attest/index.ts";
import type { DaemonContext } from "../part.ts";
import type { ManagedRun } from "../registry/managed-run.ts";

export interface WorkloadsParts {
  readonly platform: Platform;
  readonly signer: () => TokenSigner;
  readonly build: Promise<OwnBuild>;
  /** Name of the workload whose coefficients go into the platform. */
  readonly root: string | undefined;
}

export class Workloads {
  readonly #context: DaemonContext;
  readonly #parts: WorkloadsParts;
  /** By id of the run. */
  readonly #attesters = new Map<string, Promise<Attester>>();
  readonly #unlisten: () => void;
  /** The run whose coefficients go into the platform. */
  #rootId: string | undefined;

  constructor(context: DaemonContext, parts: WorkloadsParts) {
    this.#context = context;
    this.#parts = parts;
    this.#unlisten = context.registry.listen((event) => {
      if (event.type === "started") this.#began(event.run);
      if (event.type === "ended" || event.type === "failed") this.#forget(event.run);
    });
    for (const run of context.registry.list()) this.#began(run);
  }

  /** @throws AttestError, InstantError, ApiError CONFLICT */
  async attest(run: ManagedRun, order: AttestOrder): Promise<AttestAnswer> {
    return (await this.#of(run)).attest(order);
  }

  async close(): Promise<void> {
    this.#unlisten();
    const all = [...this.#attesters.values()];
    this.#attesters.clear();
    await Promise.all(all.map(closed));
  }

  #began(run: ManagedRun): void {
    const { root } = this.#parts;
    if (root === undefined || run.name !== root) return;
    this.#of(run).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#context.tell("error", `workload ${quote(run.name)}: ${why}`);
    });
  }

  #of(run: ManagedRun): Promise<Attester> {
    const { id } = run;
    const known = this.#attesters.get(id);
    if (known !== undefined) return known;
    const made = this.#make(run);
    this.#attesters.set(id, made);
    // the next one who asks tries again
    made.catch(() => {
      if (this.#attesters.get(id) === made) this.#attesters.delete(id);
    });
    return made;
  }

  async #make(run: ManagedRun): Promise<Attester> {
    const { platform, signer, build, root } = this.#parts;
    const isRoot = run.name === root && (this.#rootId === undefined || this.#rootId === run.id);
    if (isRoot) this.#rootId = run.id;
    const attested = run.attested();
    try {
      const prover = await platform.prover({ root: isRoot });
      return new Attester({ ...attested, signer, build, prover });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new AttestError("NO_EVIDENCE", `the platform does not vouch for it: ${why}`, { cause });
    }
  }

  #forget({ id }: ManagedRun): void {
    const attester = this.#attesters.get(id);
    this.#attesters.delete(id);
    if (this.#rootId === id) this.#rootId = undefined;
    if (attester !== undefined) void closed(attester);
  }
}

/** One that could not be made has nothing to close. */
async function closed(attester: Promise<Attester>): Promise<void> {
  const made = await attester.catch(() => undefined);
  await made?.close();
}
