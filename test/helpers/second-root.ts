// SPDX-License-Identifier: Apache-2.0
// A second root filesystem with the content of the first: another device, uuid and kind of filesystem, the same paths. Its mounts are in a
// mount namespace of their own, so nothing of it is left when the command has ended, however that was.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const SCRIPT: string = join(import.meta.dirname, "second-root.sh");

/**
 * `overlay`: all of / under an overlay; `ext4`: what is named, copied into a new ext4 image; both need root. `user`: an overlay in a user
 * namespace, where files of other users belong to nobody, so models of such roots are models of such roots only.
 */
export type RootKind = "overlay" | "ext4" | "user";

export interface SecondRoot {
  readonly kind: RootKind;
  /** An empty folder to mount on. After an `ext4` it holds the image. */
  readonly base: string;
  /** A folder that both roots share: what is written there stays. */
  readonly shared: string;
}

/**
 * Words before a command that has to run under a second root. An `ext4` wants `COPIED` in the environment: absolute paths, one a line. With BACK=1
 * there, what the command left in its working directory is copied back into that of the first root.
 */
export function secondRoot({ kind, base, shared }: SecondRoot): string[] {
  const mounts = ["--mount", "--propagation", "private", "--"];
  if (kind !== "user") return ["unshare", ...mounts, "sh", SCRIPT, kind, base, shared];
  // capabilities are for the mounts only
  return [
    ...["unshare", "--user", "--map-current-user", "--keep-caps", ...mounts],
    ...["sh", SCRIPT, "overlay", base, shared],
    ...["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--"],
  ];
}

/** Why there can be no second root of that kind here, found by trying; undefined when there can. */
export function whyNoSecondRoot(kind: RootKind): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "galgo-second-root-"));
  try {
    chmodSync(folder, 0o777);
    const [base, shared] = ["base-", "shared-"].map((name) => {
      const path = mkdtempSync(join(folder, name));
      chmodSync(path, 0o777);
      return path;
    }) as [string, string];
    const [program = "", ...words] = [...asUser(kind), ...secondRoot({ kind, base, shared })];
    const env = { ...process.env, COPIED: copiedPrograms(["env"]).join("\n") };
    const tried = spawnSync(program, [...words, "env"], { env, cwd: "/", encoding: "utf8" });
    if (tried.status === 0) return undefined;
    return `no second root (${kind}): ${tried.error?.message ?? tried.stderr.trim()}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Words that make root the ordinary user that a kind is for. */
export function asUser(kind: RootKind): string[] {
  const already = kind !== "user" || process.getuid?.() !== 0;
  return already ? [] : ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--"];
}

/** The files of programs (names or paths) and of the libraries that they are linked with. */
export function copiedPrograms(programs: readonly string[]): string[] {
  const files = new Set<string>();
  const add = (file: string): void => {
    files.add(join(realpathSync(dirname(file)), basename(file))).add(realpathSync(file));
  };
  for (const name of programs) {
    const path = said("sh", ["-c", 'command -v "$1"', "sh", name]).trim();
    add(path);
    for (const [, library = ""] of said("ldd", [path]).matchAll(/(\/\S+) \(0x/g)) add(library);
  }
  return [...files];
}

function said(program: string, words: readonly string[]): string {
  return spawnSync(program, words, { encoding: "utf8" }).stdout ?? "";
}
