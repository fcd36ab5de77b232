// SPDX-License-Identifier: Apache-2.0
// What a model does with internet addresses and ports, for rules that know nothing else.
import { portOf } from "../../event/index.ts";
import type { SecurityEvent, SockAddr, SockId } from "../../event/index.ts";
import type { RuleSpec } from "../../model/index.ts";
import type { Behaviour } from "../disclosed/disclose.ts";

/** A range of ports, host order, inclusive; 0 to 0: the kernel chooses. */
export interface PortUse {
  readonly use: "bind" | "connect";
  readonly family: "inet" | "inet6";
  readonly transport: "tcp" | "udp" | "other";
  readonly from: number;
  readonly to: number;
}

export interface NetworkUse {
  /** Numbers of address families that sockets are made of, ascending. */
  readonly families: readonly number[];
  readonly ports: readonly PortUse[];
  /** Addresses and networks that are connected or sent to. */
  readonly peers: readonly string[];
  /** Addresses that are bound. */
  readonly bound: readonly string[];
  /** Connections come in, or datagrams to a bound socket: from whom is not known. */
  readonly serves: boolean;
  /** Abstract names of unix sockets are connected or sent to. */
  readonly abstract: boolean;
}

const EPHEMERAL = { from: 32768, to: 65535 };
const STREAM = 1;
const DATAGRAM = 2;
const MPTCP = 262;

export function networkOf(
  behaviours: readonly Behaviour[],
  rules: readonly RuleSpec[],
): NetworkUse {
  const found = new Uses(rules);
  for (const { event } of behaviours) found.note(event);
  return found.result();
}

class Uses {
  readonly #families = new Set<number>();
  readonly #ports = new Map<string, PortUse>();
  readonly #peers = new Set<string>();
  readonly #bound = new Set<string>();
  readonly #rules: readonly RuleSpec[];
  readonly #ephemeral: boolean;
  #serves = false;
  #abstract = false;

  constructor(rules: readonly RuleSpec[]) {
    this.#rules = rules;
    this.#ephemeral = rules.some(({ rule }) => rule === "ephemeral-port");
    for (const rule of rules) {
      const peer = rule.rule === "host-class" && rule.use !== "socket_bind";
      if (peer && rule.use !== "socket_accept") this.#peers.add(rule.network);
    }
  }

  result(): NetworkUse {
    return {
      families: [...this.#families].sort((a, b) => a - b),
      ports: [...this.#ports.values()],
      peers: [...this.#peers].sort(),
      bound: [...this.#bound].sort(),
      serves: this.#serves,
      abstract: this.#abstract,
    };
  }

  note(event: SecurityEvent): void {
    switch (event.hook) {
      case "socket_create":
        this.#families.add(event.cell.family);
        break;
      case "socket_socketpair":
        this.#families.add(event.cell.socka.family);
        break;
      case "socket_bind":
        this.#address(event, "bind");
        if (event.cell.sock.type !== STREAM) this.#serves ||= isInternet(event.cell.addr);
        break;
      case "socket_connect":
      case "socket_sendmsg":
        this.#address(event, "connect");
        break;
      case "socket_accept":
        this.#serves ||= event.cell.addr !== undefined && isInternet(event.cell.addr);
        break;
      default:
        break;
    }
  }

  #address(
    event: Extract<SecurityEvent, { hook: "socket_bind" | "socket_connect" | "socket_sendmsg" }>,
    use: PortUse["use"],
  ): void {
    const { addr, sock } = event.cell;
    if (addr?.family === "unix" && use === "connect" && addr.address.startsWith("\0"))
      this.#abstract = true;
    if (addr === undefined || (addr.family !== "inet" && addr.family !== "inet6")) return;
    (use === "bind" ? this.#bound : this.#peers).add(addressText(addr));
    const transport = transportOf(sock);
    for (const range of this.#ranges(event.hook, portOf(event.hook, addr))) {
      const port = { use, family: addr.family, transport, ...range };
      this.#ports.set(JSON.stringify(port), port);
    }
  }

  /** The port, and what the rules make equal with it. */
  #ranges(hook: string, port: number): { from: number; to: number }[] {
    const classes = this.#rules.flatMap((rule) =>
      rule.rule === "port-class" && rule.use === hook && rule.from <= port && port <= rule.to
        ? [{ from: rule.from, to: rule.to }]
        : [],
    );
    if (this.#ephemeral && port >= EPHEMERAL.from) return [EPHEMERAL, ...classes];
    return classes.length > 0 ? classes : [{ from: port, to: port }];
  }
}

function isInternet(addr: SockAddr): boolean {
  return addr.family === "inet" || addr.family === "inet6";
}

function transportOf({ type, protocol }: SockId): PortUse["transport"] {
  const plain = type & 0xf;
  if (plain === STREAM)
    return protocol === 0 || protocol === 6 || protocol === MPTCP ? "tcp" : "other";
  return plain === DATAGRAM && (protocol === 0 || protocol === 17) ? "udp" : "other";
}

/** An address without its port. Records hold inet addresses as the native integer of network order. */
function addressText(addr: Extract<SockAddr, { readonly port: number }>): string {
  if (addr.family === "inet")
    return [0, 8, 16, 24].map((shift) => (addr.address >>> shift) & 0xff).join(".");
  return (addr.address.match(/.{4}/g) ?? []).join(":");
}
