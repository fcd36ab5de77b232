// SPDX-License-Identifier: Apache-2.0
// Commands to what a page shows: buttons, and a question before anything is ordered.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import type { CommandKind, CommandRow, CommandTarget } from "../api/types.ts";
import { go } from "../place.ts";
import { useMay } from "../session.ts";
import { Dialog } from "./dialog.tsx";

export type Ordered = Extract<CommandKind, "seal" | "enforce" | "detect" | "kill" | "attest">;

const WORDS: Readonly<Record<Ordered, readonly [button: string, effect: string]>> = {
  seal: ["Seal", "Its model learns nothing more."],
  enforce: ["Enforce", "What is outside of the model is refused from now on."],
  detect: ["Detect", "What is outside of the model is recorded, and no longer refused."],
  kill: ["Kill", "All of its processes are killed at once."],
  attest: ["Attest", "Evidence is asked for and verified."],
};
const NONCE_BYTES = 32;

/** @param what names it in the question, as "workload nginx on web-1" */
export function Orders({
  what,
  target,
  kinds,
}: {
  what: string;
  target: CommandTarget;
  kinds: readonly Ordered[];
}): JSX.Element | null {
  const [asked, ask] = useState<Ordered | undefined>(undefined);
  if (!useMay("operator")) return null;
  return (
    <>
      {kinds.map((kind) => (
        <button
          key={kind}
          type="button"
          class={kind === "kill" ? "danger" : ""}
          onClick={() => ask(kind)}
        >
          {WORDS[kind][0]}
        </button>
      ))}
      {asked === undefined ? null : (
        <Dialog
          title={`${WORDS[asked][0]} ${what}?`}
          act={WORDS[asked][0]}
          danger={asked === "kill"}
          close={() => ask(undefined)}
          done={() => order(asked, target)}
        >
          <p>{WORDS[asked][1]}</p>
          <p class="muted">The order is signed, and recorded with your name.</p>
        </Dialog>
      )}
    </>
  );
}

/** Gives an order and shows what becomes of it. @throws ApiError */
export async function order(kind: Ordered, target: CommandTarget): Promise<void> {
  const args = kind === "attest" ? { nonce: nonce() } : {};
  const { id } = await post<CommandRow>("commands", { kind, target, args });
  go(["commands", id]);
}

function nonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
