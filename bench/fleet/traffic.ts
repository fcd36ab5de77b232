// SPDX-License-Identifier: Apache-2.0
// Bytes on the wire between hosts and the bus, as TCP counts them: with TLS, without headers of TCP and IP.
import { execFileSync } from "node:child_process";

export interface Traffic {
  /** From the hosts to the bus (bytes). */
  readonly up: number;
  readonly down: number;
  readonly connections: number;
}

/** Of all connections that the ports have now. @param ports at which the bus listens on loopback */
export function trafficOf(ports: readonly number[]): Traffic {
  const filter = ports.map((port) => `sport = :${port}`).join(" or ");
  const text = execFileSync("ss", ["-tinHO", "state", "established", `( ${filter} )`], {
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`\\b${name}:(\\d+)`, "g"))].reduce(
      (total, [, bytes]) => total + Number(bytes),
      0,
    );
  const connections = text.split("\n").filter((line) => line !== "").length;
  return { up: sum("bytes_received"), down: sum("bytes_sent"), connections };
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
