// SPDX-License-Identifier: Apache-2.0
// Addresses and sockets in words. Raw network-order members are decoded here.
import { quote } from "../base/quote.ts";
import type { SockAddr, SockId } from "./cell/socket.ts";
import type { HookName } from "./event.ts";
import { FAMILIES, IP_PROTOCOLS, NETLINK_PROTOCOLS, nameOf, SOCKET_TYPES } from "./names-table.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
/** SOCK_NONBLOCK and SOCK_CLOEXEC share the word with the type. */
const TYPE_MASK = 0xf;
/** What a stream (1) and a datagram (2) socket speak when no protocol was asked for. */
const USUAL_PROTOCOL: ReadonlyMap<number, number> = new Map([
  [1, 6],
  [2, 17],
]);

type InternetAddr = Extract<SockAddr, { readonly port: number }>;

/** Port in host order. Records hold it in network order, except in socket_accept, where the kernel gives host order. */
export function portOf(hook: HookName, { port }: Pick<InternetAddr, "port">): number {
  return hook === "socket_accept" ? port : ((port & 0xff) << 8) | (port >> 8);
}

/** An address as people write it: `10.0.0.1:443`, `[::1]:443`, `unix socket /run/x`, `abstract unix socket name`. */
export function addressWords(hook: HookName, addr: SockAddr): string {
  switch (addr.family) {
    case "inet":
      return `${inetText(addr.address)}:${portOf(hook, addr)}`;
    case "inet6": {
      const scope = addr.scope ? `%${addr.scope}` : "";
      return `[${inet6Text(addr.address)}${scope}]:${portOf(hook, addr)}`;
    }
    case "unix":
      return unixText(addr.address);
    case "other":
      return `address ${addr.digest.slice(0, 12)}`;
  }
}

/** Kind of a socket: `tcp`, `udp`, `unix stream`, `netlink route`, `inet raw icmp`. */
export function socketWords({ family, type, protocol }: Omit<SockId, "owner">): string {
  const kind = type & TYPE_MASK;
  const name = nameOf(FAMILIES, family);
  if (family === AF_NETLINK) return `netlink ${nameOf(NETLINK_PROTOCOLS, protocol)}`;
  if (family === AF_INET || family === AF_INET6) return internetWords(name, kind, protocol);
  const detail = protocol === 0 ? "" : ` protocol ${protocol}`;
  return `${name} ${nameOf(SOCKET_TYPES, kind)}${detail}`;
}

function internetWords(family: string, kind: number, protocol: number): string {
  const usual = USUAL_PROTOCOL.get(kind);
  const shown = protocol === 0 ? (usual ?? 0) : protocol;
  const known = IP_PROTOCOLS.get(shown);
  if (known !== undefined && shown === usual) return known;
  return `${family} ${nameOf(SOCKET_TYPES, kind)} ${known ?? `protocol ${shown}`}`;
}

function inetText(address: number): string {
  return [0, 8, 16, 24].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** RFC 5952: the longest run of at least two zero groups becomes `::`; mapped IPv4 is shown as such. */
function inet6Text(hex: string): string {
  if (hex.startsWith("00000000000000000000ffff")) {
    const parts = [24, 26, 28, 30].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
    return `::ffff:${parts.join(".")}`;
  }
  const groups = (hex.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16));
  let best = { at: -1, size: 1 };
  for (let at = 0; at < groups.length; at++) {
    let size = 0;
    while (groups[at + size] === "0") size++;
    if (size > best.size) best = { at, size };
  }
  if (best.at < 0) return groups.join(":");
  return `${groups.slice(0, best.at).join(":")}::${groups.slice(best.at + best.size).join(":")}`;
}

function unixText(address: string): string {
  if (address === "") return "an unnamed unix socket";
  if (address.startsWith("\0")) return `abstract unix socket ${quote(address.slice(1))}`;
  return `unix socket ${quote(address)}`;
}
