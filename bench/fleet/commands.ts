// SPDX-License-Identifier: Apache-2.0
// How a simulated host carries commands out: it checks them as a daemon does, and says what became of them for each workload that was meant.
import { type PublicKey, publicKeyOfPem } from "../../src/attest/keys/keys.ts";
import { nodeVerifier } from "../../src/quote/node-verifier.ts";
import {
  type EnrolAnswer,
  type Item,
  openCommand,
  type ResultItem,
  selects,
} from "../../src/wire/link/index.ts";
import type { HostItems } from "./host-items.ts";

export interface CommandReply {
  readonly command: string;
  readonly items: readonly Item[];
}

export class CommandAnswers {
  readonly #host: EnrolAnswer;
  readonly #items: HostItems;
  readonly #keys: readonly PublicKey[];
  readonly #seen = new Set<string>();

  constructor(host: EnrolAnswer, items: HostItems) {
    this.#host = host;
    this.#items = items;
    this.#keys = host.commandKeys.map((pem) => keyOf(pem));
  }

  /** undefined: it has been answered before. @throws CommandError it is not for this host, or not of this fleet */
  answer(envelope: string): CommandReply | undefined {
    const [keys, host, began] = [this.#keys, this.#host.host, performance.now()];
    const body = openCommand(envelope, { keys, host, verifier: nodeVerifier, now: Date.now() });
    if (this.#seen.has(body.id)) return undefined;
    this.#seen.add(body.id);
    const meant = this.#items.selected((workload) =>
      selects(body.target.select, this.#host, workload),
    );
    const changes = body.kind === "kill" ? meant.flatMap((run) => this.#items.end(run)) : [];
    const words = `${body.kind}: done`;
    const result: ResultItem = {
      kind: "result",
      at: Date.now(),
      command: body.id,
      status: "done",
      words,
      workloads: meant.map((run) => ({ run, status: "done", words })),
      tookMs: Math.round(performance.now() - began),
    };
    return { command: body.id, items: [...changes, result] };
  }
}

const KEYS = new Map<string, PublicKey>();

/** All hosts have the same. */
function keyOf(pem: string): PublicKey {
  const known = KEYS.get(pem);
  if (known !== undefined) return known;
  const key = publicKeyOfPem(pem, nodeVerifier, "the key of commands");
  KEYS.set(pem, key);
  return key;
}
