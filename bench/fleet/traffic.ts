// SPDX-License-Identifier: Apache-2.0
// Bytes on the wire between hosts and the bus, as TCP counts them: with TLS, without headers of TCP and IP.
import { execFileSync } from "node:child_process";

export interface Traffic {
  /** From the hosts to the bus (bytes). */
  readonly up: number;
  readonly down: number;
  readonly connections: number;
}

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
  const lines = text.split("\n").filter((line) => wanted.has(/pid=(\d+)/.exec(line)?.[1] ?? ""));
  const sum = (name: string): number =>
    lines.reduce((total, line) => {
      const bytes = new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1];
      return total + Number(bytes ?? 0);
    }, 0);
  return { up: sum("bytes_sent"), down: sum("bytes_received"), connections: lines.length };
}

/** Bytes of one host in an hour, from two readings. */
export function bytesAnHour(before: Traffic, after: Traffic, seconds: number): Traffic {
  const each = (bytes: number): number => (bytes / after.connections / seconds) * 3_600;
  return {
    up: each(after.up - before.up),
    down: each(after.down - before.down),
    connections: after.connections,
  };
}
