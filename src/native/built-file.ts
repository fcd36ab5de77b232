// SPDX-License-Identifier: Apache-2.0
// Files that are built with Galgo and are no JavaScript: below dist, whether this runs from src or from dist.
import { fileURLToPath } from "node:url";

const MACHINE: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

/** Folders of dist that hold such files. */
export type BuiltFolder = "native" | "bpf" | "tma" | "web";

/** Path of a folder of dist, or of a file in it; nobody says that it is there. */
export function builtFile(folder: BuiltFolder, name = ""): string {
  const dist = import.meta.url.endsWith(".ts") ? "../../dist/" : "../";
  return fileURLToPath(new URL(`${dist}${folder}/${name}`, import.meta.url));
}

/** Name of a native program of this machine: `galgo-launch-x86_64`. */
export function nativeName(program: string): string {
  return `galgo-${program}-${MACHINE[process.arch] ?? process.arch}`;
}
