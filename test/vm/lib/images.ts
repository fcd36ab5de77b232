// SPDX-License-Identifier: Apache-2.0
// The images that guests boot: one root filesystem for all, and a stock Debian kernel by name.
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cached, isCached, type Recipe } from "./cache.ts";

/** Kernels of Debian: bookworm's, bookworm's newer one, and the newest that Debian has for a stable release. */
export const KERNELS = ["6.1", "6.12", "newest"] as const;
export type KernelName = (typeof KERNELS)[number];

export function isKernelName(name: string): name is KernelName {
  return KERNELS.some((known) => known === name);
}

export interface KernelImage {
  readonly vmlinuz: string;
  readonly initrd: string;
  readonly modules: string;
  /** As `uname -r` says. */
  readonly release: string;
}

export interface Images {
  readonly root: string;
  readonly kernel: KernelImage;
}

/** Path of a program in PATH, or undefined. */
export function inPath(program: string): string | undefined {
  for (const dir of [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"]) {
    const path = join(dir, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  return undefined;
}

const TO_RUN = ["qemu-system-x86_64", "setpriv", "timeout", "tar"];
const TO_MAKE = ["apt-get", "dpkg-deb", "cc", "mke2fs", "depmod", "cpio", "flock", "xz"];

/** Why no guest can be booted here, for people; undefined when one can (if packages can be fetched). */
export function whyNoGuests(kernel: KernelName): string | undefined {
  if (process.arch !== "x64") return "guests are x86-64 only";
  if (process.getuid?.() !== 0) return "only root can make the images of guests";
  const made = isCached(rootRecipe()) && isCached(kernelRecipe(kernel));
  const missing = [...TO_RUN, ...(made ? [] : TO_MAKE)].filter(
    (name) => inPath(name) === undefined,
  );
  if (missing.length > 0) return `needs ${missing.join(", ")} in PATH`;
  return undefined;
}

/** Both images, made (packages are fetched) when the cache does not have them. */
export async function images(kernel: KernelName): Promise<Images> {
  const root = await cached(rootRecipe());
  const dir = await cached(kernelRecipe(kernel));
  const inside = (name: string): string => join(dir, name);
  return {
    root,
    kernel: {
      vmlinuz: inside("vmlinuz"),
      initrd: inside("initrd"),
      modules: inside("modules.img"),
      release: readFileSync(inside("release"), "utf8").trim(),
    },
  };
}

function rootRecipe(): Recipe {
  const node = process.execPath;
  const { size, mtimeMs } = statSync(node);
  return {
    name: "root",
    script: "root.sh",
    args: [node],
    files: ["apt.sh", "root.sh", "root.packages", "start", "guestd.c"],
    inputs: [process.version, String(size), String(mtimeMs)],
  };
}

function kernelRecipe(kernel: KernelName): Recipe {
  return {
    name: `kernel-${kernel}`,
    script: "kernel.sh",
    args: [kernel],
    files: ["apt.sh", "kernel.sh", "init"],
    inputs: [],
  };
}
