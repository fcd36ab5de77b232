// SPDX-License-Identifier: Apache-2.0
// A FUSE file system gets its place in the tree: by mount(2) for root, by fusermount3 for everybody else. And it loses it again, also when the
// process that serves it was killed: a shell that does nothing but wait for that takes the mount away.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { quote } from "../../base/quote.ts";
import { receiveMessage, socketPair } from "../../native/fd-passing.ffi.ts";
import { openFuse } from "../../native/fuse.ffi.ts";
import { lazyUnmount, mountFuse } from "../../native/mount.ffi.ts";
import { NativeError } from "../../native/native-error.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { closeFd } from "../../native/tsem.ffi.ts";
import { MountError } from "./errors.ts";

const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
/** Type of the mounts in mountinfo. */
const TYPE = "fuse.galgo";
const HELPER = "fusermount3";

/** How a mount is made and taken away. */
export type MountWay = "mount" | "fusermount3";

export interface MountPlace {
  /** Absolute, without links. */
  readonly folder: string;
  /** The connection to the kernel; its reads do not wait. */
  readonly fuseFd: number;
  /** Takes the mount away, at once; open files of it live until the connection is closed. */
  unmount(): void;
  /** The mount has gone by itself: nothing is left to do. */
  forget(): void;
}

/**
 * Mounts at `folder`, an existing directory. What a killed server left there is taken away first.
 * @throws MountError NO_DIRECTORY, NOT_MOUNTED
 */
export function mountAt(folder: string, way: MountWay): MountPlace {
  const place = prepared(folder, way);
  const fuseFd = way === "mount" ? mountByCall(place) : mountByHelper(place);
  const watcher = startWatcher(place, way);
  return {
    folder: place,
    fuseFd,
    unmount: () => {
      unmountAt(place, way);
      watcher.dismiss();
    },
    forget: () => {
      watcher.dismiss();
    },
  };
}

/** The real path of the directory. Not looked into: a mount whose server is dead answers nothing but ENOTCONN. */
function prepared(folder: string, way: MountWay): string {
  const wanted = resolve(folder);
  if (isOurs(wanted) && codeOf(() => statSync(wanted)) === "ENOTCONN") unmountAt(wanted, way);
  const code = codeOf(() => statSync(wanted));
  if (code !== undefined)
    throw new MountError(
      "NO_DIRECTORY",
      `${quote(folder)} can not be used (${code}); make it with mkdir`,
    );
  if (!statSync(wanted).isDirectory())
    throw new MountError("NO_DIRECTORY", `${quote(folder)} is not a directory`);
  return realpathSync(wanted);
}

function codeOf(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "EIO";
  }
}

/** Whether a mount of this kind is at `folder`. */
function isOurs(folder: string): boolean {
  const escaped = folder.replace(
    /[\\ \t\n]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[4] === escaped && line.includes(` - ${TYPE} `));
}

function mountByCall(folder: string): number {
  try {
    const fd = openFuse();
    try {
      mountFuse(fd, folder, process.getuid?.() ?? 0);
      return fd;
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    const advice = error.message.startsWith("open")
      ? "; load the module fuse (modprobe fuse)"
      : "; mounting needs CAP_SYS_ADMIN";
    throw new MountError(
      "NOT_MOUNTED",
      `can not mount at ${quote(folder)}: ${error.message}${advice}`,
      {
        cause: error,
      },
    );
  }
}

/** The setuid helper opens /dev/fuse, mounts, and sends the descriptor over a socket that it finds at descriptor 3. */
function mountByHelper(folder: string): number {
  const [ours, theirs] = socketPair();
  try {
    const options = "fsname=galgo,subtype=galgo,default_permissions,nosuid,nodev,noexec";
    const ran = spawnSync(HELPER, ["-o", options, "--", folder], {
      env: { ...process.env, _FUSE_COMMFD: "3" },
      stdio: ["ignore", "ignore", "pipe", theirs],
      encoding: "utf8",
    });
    if (ran.error !== undefined)
      throw new MountError(
        "NOT_MOUNTED",
        `${HELPER}, which mounts for users, can not be run; install the package fuse3`,
      );
    const fd = ran.status === 0 ? receiveMessage(ours, 16, false)?.fds[0] : undefined;
    if (fd === undefined)
      throw new MountError(
        "NOT_MOUNTED",
        `can not mount at ${quote(folder)}: ${quote(ran.stderr.trim())}`,
      );
    sys().fcntl(fd, F_SETFL, sys().fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
    return fd;
  } finally {
    closeFd(ours);
    closeFd(theirs);
  }
}

function unmountAt(folder: string, way: MountWay): void {
  if (way === "mount") lazyUnmount(folder);
  else spawnSync(HELPER, ["-u", "-z", "--", folder], { stdio: "ignore" });
}

interface Watcher {
  /** There is nothing left to take away. */
  dismiss(): void;
}

/**
 * Waits for a line, which dismisses it, or for the end of the pipe, which a killed server leaves behind. In a session of its own, so that
 * what ends the server does not end it too.
 */
const WATCH = `trap '' HUP INT QUIT TERM
read -r dismissed && exit
exec "$@" 2>/dev/null`;

function startWatcher(folder: string, way: MountWay): Watcher {
  const unmount =
    way === "mount" ? ["umount", "-l", "--", folder] : [HELPER, "-u", "-z", "--", folder];
  const shell = spawn("/bin/sh", ["-c", WATCH, "galgo-mount-watch", ...unmount], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.unref();
  // whoever ends the watcher has to look after the mount himself
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  return {
    dismiss: () => {
      shell.stdin.end("dismissed\n");
    },
  };
}
