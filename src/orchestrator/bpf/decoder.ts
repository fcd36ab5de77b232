// SPDX-License-Identifier: Apache-2.0
// What turns records of the programs into events of a run's namespace, with the digests that earlier runs have left.
import {
  type BpfRing,
  createDecoder,
  HeldContents,
  type RecordDecoder,
} from "../../sensor/bpf/index.ts";
import { loadDigests, saveDigests } from "../digest-cache.ts";
import type { BpfBench } from "./agent-side.ts";

export interface RunDecoder {
  readonly of: (ring: BpfRing) => RecordDecoder;
  /** Keeps what was hashed for later runs. */
  save(): void;
}

/** @param rules RuleFlag, as the programs have them */
export function decoderOf({ setup, namespace, progress }: BpfBench, rules: number): RunDecoder {
  const { digest } = setup.tma;
  const kept = loadDigests(setup.stateRoot, digest);
  const before = kept.size;
  const options = { progress: progress.alive, kept };
  const contents = new HeldContents(digest, namespace.emptyDigest, options);
  return {
    of: ({ bytes: memory }) => createDecoder({ memory, sink: namespace, digest, rules, contents }),
    save: () => {
      if (kept.size > before) saveDigests(setup.stateRoot, digest, kept);
    },
  };
}
