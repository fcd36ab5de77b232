// SPDX-License-Identifier: Apache-2.0
// The section [metrics] of the daemon's configuration.
import * as z from "zod/mini";

export interface MetricsConfig {
  /** HOST:PORT where /metrics is answered besides the daemon's socket; default: nowhere. */
  readonly listen?: string;
}

/** A name or an address (IPv6 in brackets), then a port. */
const LISTEN = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/;
const MAX_PORT = 65_535;

/** undefined: that is no HOST:PORT. */
export function listenAddress(text: string): { host: string; port: number } | undefined {
  const [, six, name, digits] = LISTEN.exec(text) ?? [];
  const host = six ?? name;
  const port = Number(digits);
  return host === undefined || port > MAX_PORT ? undefined : { host, port };
}

export function metricsSchema(): z.ZodMiniType<MetricsConfig> {
  return z.strictObject({
    listen: z.exactOptional(
      z
        .string()
        .check(
          z.refine(
            (text) => listenAddress(text) !== undefined,
            "has to be HOST:PORT, as 127.0.0.1:9464",
          ),
        ),
    ),
  });
}
