// SPDX-License-Identifier: Apache-2.0
// Galgo for a guest: what an installed package holds, from this checkout.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { VmError } from "./errors.ts";
import type { GuestLink } from "./guest.ts";

const ROOT = resolve(import.meta.dirname, "..", "..", "..");
const PARTS = [
  "galgo",
  "package.json",
  "dist",
  "native",
  "node_modules/koffi",
  "node_modules/@koromix",
];

/** Where it lies in a guest. */
export const GALGO_IN_GUEST = "/opt/galgo";

/** Builds dist when sources are newer. */
export async function buildGalgo(): Promise<void> {
  const script = "set -eu; galgo_root=$PWD; . scripts/setup.sh; need_node; set_up";
  const child = spawn("sh", ["-c", script], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) throw new VmError("vm-image", "Galgo could not be built (see above)");
}

/** Puts what buildGalgo() built to /opt/galgo. */
export async function pushGalgo(guest: GuestLink): Promise<void> {
  const parts = PARTS.filter((part) => existsSync(join(ROOT, part)));
  await guest.unpack(
    ["-C", ROOT, "--exclude=*.map", "--exclude=*.tsbuildinfo", ...parts],
    GALGO_IN_GUEST,
  );
}
