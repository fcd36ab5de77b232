// SPDX-License-Identifier: Apache-2.0
// BPF programs of test/fixtures/bpf, built when a test needs them, and a private place to pin things.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { lazyUnmount, mountFilesystem } from "../../src/native/mount.ffi.ts";

const FIXTURES = resolve(import.meta.dirname, "../fixtures/bpf");
const COMPILERS = ["clang", "clang-19", "clang-18", "clang-17", "clang-16", "clang-15", "clang-14"];
const INCLUDES = ["/usr/include/x86_64-linux-gnu", "/usr/include/aarch64-linux-gnu"];

/** Why BPF programs can not be built and loaded here; undefined: they can. */
export const noBpf: string | undefined = whyNot();

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return "only root may load BPF programs";
  if (compiler() === undefined) return "there is no clang";
  if (!existsSync("/usr/include/bpf/bpf_helpers.h")) return "there is no <bpf/bpf_helpers.h>";
  if (!existsSync("/sys/kernel/btf/vmlinux")) return "the kernel has no BTF";
  return undefined;
}

function compiler(): string | undefined {
  return COMPILERS.find((name) => spawnSync(name, ["--version"]).status === 0);
}

const built = new Map<string, string>();

/** The object file of test/fixtures/bpf/NAME.bpf.c. */
export function objectOf(
  name: "plumbing" | "unresolved" | "installed" | "telling" | "hashing",
): string {
  const before = built.get(name);
  if (before !== undefined) return before;
  const folder = mkdtempSync(join(tmpdir(), "galgo-bpf-"));
  process.on("exit", () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const object = join(folder, `${name}.bpf.o`);
  const flags = ["-O2", "-g", "-Wall", "-target", "bpf", ...INCLUDES.map((path) => `-I${path}`)];
  const { status, stderr } = spawnSync(
    compiler() ?? "clang",
    [...flags, "-c", join(FIXTURES, `${name}.bpf.c`), "-o", object],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`${name}.bpf.c does not compile: ${stderr}`);
  built.set(name, object);
  return object;
}

/** A BPF file system that only this test knows. */
export function privateBpffs(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "galgo-bpffs-"));
  mountFilesystem("bpf", folder);
  t.after(() => {
    lazyUnmount(folder);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
