// SPDX-License-Identifier: Apache-2.0
// What turns records of the programs into events of a run's namespace, and tells the programs beforehand what its model allows where
// nobody can wait; with the digests that earlier runs have left.
import {
  type BpfRing,
  createDecoder,
  HeldContents,
  Identities,
  KeyMaker,
  KeyPrimer,
  type KeptAgent,
  type Primer,
  type RecordDecoder,
} from "../../sensor/bpf/index.ts";
import type { PrimedKey } from "../../sensor/bpf/types.ts";
import { loadDigests, saveDigests } from "../digest-cache.ts";
import type { BpfBench } from "./agent-side.ts";
import { readHints } from "./hints.ts";
import type { BpfSetup } from "./setup.ts";

/** Of one run. */
export class RunDecoder {
  readonly #bench: BpfBench;
  readonly #bpf: BpfSetup;
  readonly #kept: Map<string, string>;
  readonly #before: number;
  /** Makes keys of what the model allows, where there is one. */
  primer: Primer | undefined;
  /** Keys that follow from what the agent before this one had met. */
  readonly metAgain: PrimedKey[] = [];

  constructor(bench: BpfBench, bpf: BpfSetup) {
    const { stateRoot, tma } = bench.setup;
    this.#bench = bench;
    this.#bpf = bpf;
    this.#kept = loadDigests(stateRoot, tma.digest);
    this.#before = this.#kept.size;
  }

  of(ring: BpfRing, hashKey: Uint32Array): RecordDecoder {
    const { setup, namespace: sink, progress } = this.#bench;
    const { digest } = setup.tma;
    const options = { progress: progress.alive, kept: this.#kept };
    const { keeping } = this.#bench;
    const kept = keeping?.agent;
    const identities = new Identities(sink, undefined, {
      ...(keeping === undefined ? {} : { journal: keeping }),
      ...(kept === undefined ? {} : { kept: kept.identities }),
    });
    this.primer = this.#primer(identities, hashKey);
    if (kept !== undefined) this.#meetAgain(kept);
    return createDecoder({
      memory: ring.bytes,
      sink,
      digest,
      rules: this.#bpf.rules,
      contents: new HeldContents(digest, sink.emptyDigest, options),
      identities,
      ...(this.primer === undefined ? {} : { primer: this.primer }),
      ...(keeping === undefined ? {} : { journal: keeping }),
      ...(kept === undefined ? {} : { kept }),
    });
  }

  /** Whoever and whatever the primer had met: what follows from it is interned, or follows once more. */
  #meetAgain({ actors, objects }: KeptAgent): void {
    const { primer } = this;
    if (primer === undefined) return;
    for (const actor of actors) this.metAgain.push(...primer.seen(actor));
    for (const object of objects) this.metAgain.push(...primer.seenObject(object));
  }

  /** Keeps what was hashed for later runs. */
  save(): void {
    const { stateRoot, tma } = this.#bench.setup;
    if (this.#kept.size > this.#before) saveDigests(stateRoot, tma.digest, this.#kept);
  }

  /** Only where something is refused does it matter what the programs know beforehand. */
  #primer(identities: Identities, hashKey: Uint32Array): Primer | undefined {
    const { modelFile } = this.#bpf;
    if (modelFile === undefined) return undefined;
    const { namespace: sink, setup } = this.#bench;
    const points = setup.tma.points.length;
    const { events: hints, complete } = readHints(modelFile, {
      rules: setup.tma,
      introduce: (record) => sink.introduce(record),
      dependsOnProcess: (event) => sink.dependsOnProcess(event),
      pointOf: (event) => sink.pointOf(event),
      points,
    });
    const keys = new KeyMaker(hashKey);
    const { keeping } = this.#bench;
    return new KeyPrimer({
      ...{ sink, identities, keys, hints, enumerate: !complete },
      ...(keeping === undefined ? {} : { journal: keeping }),
    });
  }
}
