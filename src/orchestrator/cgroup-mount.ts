// SPDX-License-Identifier: Apache-2.0
// Where this process is in the cgroup hierarchy (version 2), as a path that can be opened. The hierarchy may be mounted
// anywhere, beside version 1 (hybrid) and with any of its folders as the root of the mount.
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** Folder of our own group, or why there is none. */
export type OwnCgroup = { readonly path: string } | { readonly unavailable: string };

/** @param of the process whose group is meant @see ownCgroupIn */
export function ownCgroup(of: number | "self" = "self"): OwnCgroup {
  try {
    return ownCgroupIn(
      readFileSync(`/proc/${of}/cgroup`, "utf8"),
      readFileSync("/proc/self/mountinfo", "utf8"),
    );
  } catch {
    return { unavailable: "/proc can not be read" };
  }
}

/**
 * @param membership text of /proc/self/cgroup
 * @param mounts text of /proc/self/mountinfo
 */
export function ownCgroupIn(membership: string, mounts: string): OwnCgroup {
  const own = /^0::(\/.*)$/m.exec(membership)?.[1];
  if (own === undefined) return { unavailable: "this kernel has no cgroups of version 2" };
  if (own.endsWith(" (deleted)")) return { unavailable: "our own cgroup has been removed" };
  const found = [...cgroupMounts(mounts)];
  if (found.length === 0) return { unavailable: "no cgroup hierarchy of version 2 is mounted" };
  for (const { root, point } of found) {
    const below = posix.relative(root, own);
    if (![root, own, below].some(leadsUp)) return { path: join(point, below) };
  }
  return { unavailable: "our own cgroup is not in the part of the hierarchy that is mounted here" };
}

/** Seen from a cgroup namespace, what is outside of it starts with "..": by names that are not told. */
function leadsUp(path: string): boolean {
  return path.split("/").includes("..");
}

/** Where the hierarchy, or what of it is to be seen here, is mounted. */
export function cgroupRoot(): string | undefined {
  try {
    const [first] = cgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
    return first?.point;
  } catch {
    return undefined;
  }
}

function* cgroupMounts(mounts: string): Generator<{ root: string; point: string }> {
  for (const line of mounts.split("\n")) {
    // "36 35 98:0 root point options optional... - type source superoptions"
    const [front = "", back = ""] = line.split(" - ");
    if (!back.startsWith("cgroup2 ")) continue;
    const [, , , root = "", point = ""] = front.split(" ");
    yield { root: unescapeMount(root), point: unescapeMount(point) };
  }
}

/** Blanks and the like are written as \040 in mountinfo. */
function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
