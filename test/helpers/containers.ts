// SPDX-License-Identifier: Apache-2.0
// Containers for tests: a root file system of busybox, bundles for runc with Galgo's profile, and runc itself with a state directory of
// its own.
import { spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { containerProfile } from "../../src/daemon/containers/profile.ts";

const BUSYBOX = "/bin/busybox";
const APPLETS = ["sh", "cat", "id", "ls", "sleep", "echo", "true", "head"];

function inPath(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(":");
  return [...folders, "/usr/sbin"].some((folder) => existsSync(join(folder, program)));
}

/** Why there can be no containers here; undefined: there can. */
export function noContainers(engine: "runc" | "podman"): string | undefined {
  if (process.getuid?.() !== 0) return "only root has containers here";
  if (!inPath(engine)) return `${engine} is not installed`;
  if (!isStatic()) return "busybox is not installed, or not static (busybox-static)";
  return undefined;
}

function isStatic(): boolean {
  try {
    accessSync(BUSYBOX, constants.X_OK);
    const elf = readFileSync(BUSYBOX);
    const [at, size, count] = [
      Number(elf.readBigUInt64LE(32)),
      elf.readUInt16LE(54),
      elf.readUInt16LE(56),
    ];
    const PT_INTERP = 3;
    const kinds = Array.from({ length: count }, (_, i) => elf.readUInt32LE(at + i * size));
    return !kinds.includes(PT_INTERP);
  } catch {
    return false;
  }
}

/** Makes a root file system. @param owner uid and gid of everything in it */
export function makeRoot(folder: string, owner = 0): string {
  for (const name of ["bin", "etc", "proc", "dev", "sys", "tmp", "data"])
    mkdirSync(join(folder, name), { recursive: true });
  copyFileSync(BUSYBOX, join(folder, "bin/busybox"));
  for (const applet of APPLETS) symlinkSync("busybox", join(folder, "bin", applet));
  const files = {
    "etc/passwd": "root:x:0:0::/:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/shadow": "root:secret:1::::::\n",
    "data/in": "hello\n",
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  chmodSync(join(folder, "etc/shadow"), 0o640);
  if (owner !== 0)
    for (const name of ["", "data", "tmp", "etc", "bin", ...Object.keys(files)])
      chownSync(join(folder, name), owner, owner);
  return folder;
}

export interface BundleOptions {
  readonly root: string;
  readonly args: readonly string[];
  /** Of the daemon. */
  readonly socket: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly metadata?: string;
  readonly noNewPrivileges?: boolean;
  /** First id on the host of a user namespace. */
  readonly userNamespace?: number;
}

/** Writes the bundle's config.json (made from that of `runc spec`). @returns the bundle */
export function makeBundle(folder: string, options: BundleOptions): string {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, "config.json"))) {
    const { status, stderr } = spawnSync("runc", ["spec", "-b", folder], { encoding: "utf8" });
    if (status !== 0) throw new Error(`runc spec: ${stderr}`);
  }
  const file = join(folder, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8"));
  const { args, root, annotations = {}, noNewPrivileges = true, userNamespace } = options;
  Object.assign(config.process, { terminal: false, args, noNewPrivileges });
  config.root = { path: root, readonly: false };
  config.annotations = annotations;
  // hybrid hierarchies are not for every container
  config.mounts = config.mounts.filter(({ type }: { type: string }) => type !== "cgroup");
  config.linux.seccomp = containerProfile({
    machine: process.arch === "arm64" ? "arm64" : "x64",
    listenerPath: options.socket,
    ...(options.metadata === undefined ? {} : { listenerMetadata: options.metadata }),
  });
  if (userNamespace !== undefined) {
    const mapping = [{ containerID: 0, hostID: userNamespace, size: 65_536 }];
    config.linux.namespaces.push({ type: "user" });
    Object.assign(config.linux, { uidMappings: mapping, gidMappings: mapping });
  }
  writeFileSync(file, JSON.stringify(config));
  return folder;
}
