// SPDX-License-Identifier: Apache-2.0
// Address families, ports and peers of a unit.
import { FAMILIES } from "../../event/index.ts";
import { type Loss, weaker } from "./losses.ts";
import type { NetworkUse, PortUse } from "./network.ts";
import type { Directive, UnitParts } from "./systemd-words.ts";

interface Part {
  readonly directives: readonly Directive[];
  readonly losses: readonly Loss[];
}

export function networkDirectives({ network }: UnitParts): Part {
  const parts = [families(network), binds(network), peers(network)];
  return {
    directives: parts.flatMap(({ directives }) => directives),
    losses: parts.flatMap(({ losses }) => losses),
  };
}

function families({ families: numbers }: NetworkUse): Part {
  const names = numbers.map((number) => FAMILIES.get(number));
  const unknown = numbers.filter((_, at) => names[at] === undefined);
  if (unknown.length > 0) {
    const text = `address families are not restricted: ${unknown.join(", ")} has no name here`;
    return { directives: [], losses: [weaker(text)] };
  }
  const list = names.map((name) => `AF_${name?.toUpperCase()}`).join(" ");
  return { directives: [["RestrictAddressFamilies", list === "" ? "none" : list]], losses: [] };
}

function binds({ ports }: NetworkUse): Part {
  const bound = ports.filter(({ use }) => use === "bind");
  const chosen = bound.some(({ from }) => from === 0);
  const other = bound.some(({ transport }) => transport === "other");
  const allowed = [...new Set(bound.flatMap(bindWord))];
  return {
    directives: [
      ["SocketBindDeny", "any"],
      ...allowed.map((word): Directive => ["SocketBindAllow", word]),
    ],
    losses: [
      ...(chosen
        ? [
            weaker(
              "the kernel chooses a port that is bound: all ports of that protocol may be bound",
            ),
          ]
        : []),
      ...(other
        ? [weaker("sockets that are neither TCP nor UDP may be bound: not restricted")]
        : []),
    ],
  };
}

function bindWord({ family, transport, from, to }: PortUse): string[] {
  if (transport === "other") return [];
  const start = `${family === "inet" ? "ipv4" : "ipv6"}:${transport}`;
  if (from === 0) return [start];
  return [`${start}:${from === to ? from : `${from}-${to}`}`];
}

const LOOPBACK = /^(?:127\.|0000:0000:0000:0000:0000:0000:0000:0001$)/;

function peers({ peers: addresses, bound, serves }: NetworkUse): Part {
  const open = serves && bound.some((address) => !LOOPBACK.test(address));
  if (open) {
    const text = "whose connections are accepted is not known: addresses are not restricted";
    return { directives: [], losses: [weaker(text)] };
  }
  const allowed = [...new Set([...(serves ? ["localhost"] : []), ...addresses])];
  return {
    directives: [
      ["IPAddressDeny", "any"],
      ...allowed.map((address): Directive => ["IPAddressAllow", address]),
    ],
    losses:
      allowed.length === 0
        ? []
        : [weaker("an address that is allowed is allowed with every port and protocol")],
  };
}
