// SPDX-License-Identifier: Apache-2.0
// What an operator may order of a namespace that runs, under TSEM's conditions: nothing after seal, and what is part of every digest
// only before the first behaviour.
import { ModelError } from "../../model/runtime/index.ts";
import type { Bench } from "../bench.ts";
import { ControlError } from "../errors.ts";
import type { NamespaceOrder } from "../worker-protocol.ts";

/** @throws ControlError SEALED, TOO_LATE, BAD_VALUE; nothing has changed then */
export function carryOut(order: NamespaceOrder, { setup, tma, namespace, shared }: Bench): void {
  if (order.verb === "mode") {
    if (!tma.sealed) {
      const why = "the model of this namespace is not sealed: nothing is outside of it yet";
      throw new ControlError("TOO_LATE", `${order.value}: ${why}; seal it first`);
    }
    namespace.refuses(order.value === "enforce");
    return;
  }
  if (tma.sealed) {
    throw new ControlError("SEALED", `${order.verb}: the model of this namespace is sealed`);
  }
  switch (order.verb) {
    case "seal":
      namespace.seal();
      return;
    case "enforce":
      namespace.enforceOnceSealed();
      return;
    case "state":
      hex(order.verb, () => tma.load(order.value));
      shared?.instant.publish();
      return;
    case "pseudonym":
      hex(order.verb, () => tma.addPseudonym(order.value));
      return;
    case "base":
      if (setup.tma.base !== undefined) {
        throw new ControlError(
          "TOO_LATE",
          "base: the run was started with one that a verifier has chosen (--base)",
        );
      }
      if (tma.counts.points > 0) {
        throw new ControlError(
          "TOO_LATE",
          "base: it is part of every behaviour's measurement, and this namespace has behaviours already",
        );
      }
      hex(order.verb, () => tma.setBase(order.value));
      shared?.instant.based(order.value);
      return;
    default:
      order satisfies never;
  }
}

function hex(verb: string, set: () => void): void {
  try {
    set();
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ControlError("BAD_VALUE", `${verb}: ${error.message}`, { cause: error });
  }
}
