// SPDX-License-Identifier: Apache-2.0
// Bytes on the wire between hosts and the bus, as TCP counts them: with TLS, without headers of TCP and IP.
import { execFileSync } from "node:child_process";

export interface Bytes {
  /** From the host to the bus. */
  readonly up: number;
  readonly down: number;
}

/** Of each connection so far, by the host's end of it. */
export type Traffic = ReadonlyMap<string, Bytes>;

/**
 * Of all connections that the processes of the hosts have with the bus now.
 * @param ports at which the bus listens on loopback
 */
export function trafficOf(ports: readonly number[], pids: readonly number[]): Traffic {
  const filter = ports.map((port) => `dport = :${port}`).join(" or ");
  const text = execFileSync("ss", ["-tinpHO", "state", "established", `( ${filter} )`], {
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  const wanted = new Set(pids.map(String));
  const found = new Map<string, Bytes>();
  for (const line of text.split("\n")) {
    if (!wanted.has(/pid=(\d+)/.exec(line)?.[1] ?? "")) continue;
    const [, , local = ""] = line.trim().split(/\s+/);
    found.set(local, { up: bytesOf(line, "bytes_sent"), down: bytesOf(line, "bytes_received") });
  }
  return found;
}

function bytesOf(line: string, name: string): number {
  return Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
}

/** Of one host in an hour, from two readings; connections that are in both count. */
export function bytesAnHour(before: Traffic, after: Traffic, seconds: number): Bytes {
  let [up, down, connections] = [0, 0, 0];
  for (const [local, last] of after) {
    const first = before.get(local);
    if (first === undefined) continue;
    up += last.up - first.up;
    down += last.down - first.down;
    connections += 1;
  }
  const each = (bytes: number): number => (bytes / connections / seconds) * 3_600;
  return { up: each(up), down: each(down) };
}
