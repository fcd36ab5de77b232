// SPDX-License-Identifier: Apache-2.0
// What a found rule rests on: in which runs which values were met. The same runs in any order give the same evidence.
import { MAX_EVIDENCE_CHARS, MAX_EVIDENCE_VALUES } from "../../limits.ts";
import type { RuleEvidence } from "../../rules/rules.ts";

/** Collects values. */
export class EvidenceBook {
  readonly #runs = new Set<string>();
  readonly #values = new Set<string>();

  /** @param runs ids */
  add(value: string, runs: Iterable<string>): void {
    this.#values.add(value);
    for (const run of runs) this.#runs.add(run);
  }

  evidence(): RuleEvidence {
    const values = [...this.#values].sort().slice(0, MAX_EVIDENCE_VALUES);
    return {
      runs: [...this.#runs].sort(),
      distinct: this.#values.size,
      values: values.map((value) => printable(value)),
    };
  }
}

/** Text that may stand in a model. */
function printable(value: string): string {
  const whole = value.replaceAll(/\p{Cs}/gu, "\ufffd");
  return whole.length <= MAX_EVIDENCE_CHARS ? whole : `${whole.slice(0, MAX_EVIDENCE_CHARS - 1)}…`;
}
