// SPDX-License-Identifier: Apache-2.0
// The policy that evidence of a host is appraised under: its own key, and the signed model that the fleet has for the workload. As text with
// its files, so that a page appraises the same under the same terms.
import type { ModelKeyRow } from "../../wire/api/index.ts";

/** A policy and the files that it names. */
export interface PolicyText {
  readonly name: string;
  readonly text: string;
  readonly files: Readonly<Record<string, string>>;
}

export interface PolicyTerms {
  /** PEM of the host's key. */
  readonly hostKey: string;
  /** Whose signatures of models count. */
  readonly modelKeys: readonly Pick<ModelKeyRow, "name" | "publicKey">[];
  /** The signed model that the workload should run under; undefined: the fleet has none. */
  readonly model: { readonly digest: string; readonly text: string } | undefined;
}

/** Nothing is in this state. */
const NO_STATE = "0".repeat(64);
const FRESH_SECONDS = 600;
const AHEAD_SECONDS = 60;
const ANYWHERE = ["in-process", "wasm", "process", "vm", "serial", "remote"];

export function policyText({ hostKey, modelKeys, model }: PolicyTerms): PolicyText {
  const file = `${model?.digest ?? "none"}.galgo.dsse.json`;
  const reference = model === undefined ? { states: [NO_STATE] } : { models: [file], signed: true };
  const names = modelKeys.map(({ name }) => name);
  const policy = {
    apiVersion: "galgo.dev/v1",
    kind: "VerifierPolicy",
    keys: [{ name: "host", publicKey: hostKey }],
    trust: {
      apiVersion: "galgo.dev/v1",
      kind: "TrustPolicy",
      keys: modelKeys.map(({ name, publicKey }) => ({ name, publicKey })),
      rules: [{ models: ["*"], keys: names }],
    },
    workloads: [
      {
        names: ["*"],
        keys: ["host"],
        reference,
        modes: ["enforce", "detect"],
        freshness: { seconds: FRESH_SECONDS, ahead: AHEAD_SECONDS },
        localities: ANYWHERE,
        platform: { none: true },
      },
    ],
  };
  return {
    name: "the fleet's policy",
    text: `${JSON.stringify(policy, undefined, 2)}\n`,
    files: model === undefined ? {} : { [file]: model.text },
  };
}
