// SPDX-License-Identifier: Apache-2.0
// What hosts are told while nobody has decided.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import { useFetched } from "../api/hooks.ts";
import type { VerdictPolicyRow } from "../api/types.ts";
import { Trouble } from "../parts/bits.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { useMay } from "../session.ts";

type Unknown = VerdictPolicyRow["unknown"];

const WORDS: Readonly<Record<Unknown, string>> = {
  ask: "somebody decides here, the host's own model meanwhile",
  allow: "it is allowed",
  deny: "it is denied",
};
const CHOICES: readonly Unknown[] = ["ask", "allow", "deny"];

export function VerdictPolicy(): JSX.Element {
  const { data, error, reload } = useFetched<{ readonly rows: readonly VerdictPolicyRow[] }>(
    "verdict-policy",
    ["verdict"],
  );
  const [wanted, want] = useState<Unknown | undefined>(undefined);
  const may = useMay("admin");
  const general = data?.rows.find(({ model }) => model === "")?.unknown ?? "ask";
  const change = async (): Promise<void> => {
    await post("verdict-policy", { model: "", unknown: wanted });
    reload();
  };
  return (
    <>
      <Trouble error={error} />
      <span class="muted">What is unknown:</span>
      {may ? (
        <select
          class="wide"
          aria-label="What is unknown"
          value={general}
          onChange={(event) => want(event.currentTarget.value as Unknown)}
        >
          {CHOICES.map((one) => (
            <option key={one} value={one}>
              {WORDS[one]}
            </option>
          ))}
        </select>
      ) : (
        <span>{WORDS[general]}</span>
      )}
      {wanted === undefined ? null : (
        <Dialog
          title="Change what is said of the unknown?"
          act="Change"
          danger={wanted === "allow"}
          close={() => want(undefined)}
          done={change}
        >
          <p>For all models without a rule of their own: {WORDS[wanted]}.</p>
        </Dialog>
      )}
    </>
  );
}
