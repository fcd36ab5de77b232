// SPDX-License-Identifier: Apache-2.0
// A FUSE file system gets its place in the tree: by mount(2) for root, by fusermount3 for everybody else. And it loses it again, also when the
// process that serves it was killed: a shell that does nothing but wait for that takes the mount away.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, realpathSync, statSync } from "node:fs";
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
  /** Takes the mount away where it still is, at once; open files of it live until the connection is closed. Never anybody else's mount. */
  unmount(): void;
}

/**
 * Mounts at `folder`, an existing directory. What a killed server left there is taken away first.
 * @throws MountError NO_DIRECTORY, NOT_MOUNTED
 */
export function mountAt(folder: string, way: MountWay): MountPlace {
  const place = prepared(folder, way);
  // tells this mount from one that the next server makes at the same place; numbers of mounts and devices are used again
  const source = `galgo-${process.pid}-${Date.now().toString(36)}`;
  const fuseFd = way === "mount" ? mountByCall(place, source) : mountByHelper(place, source);
  const watcher = startWatcher(place, source, way);
  return {
    folder: place,
    fuseFd,
    unmount: () => {
      if (mountOn(place)?.source === source) unmountAt(place, way);
      if (mountOn(place)?.source !== source) watcher.dismiss();
    },
  };
}

/** The real path of the directory. Not looked into: a mount whose server is dead answers nothing but ENOTCONN. */
function prepared(folder: string, way: MountWay): string {
  let wanted = folder;
  const isKnown = codeOf(() => {
    wanted = realpathSync.native(folder);
  });
  if (isKnown === undefined && mountOn(wanted)?.type === TYPE) makeRoom(wanted, way);
  const code = isKnown ?? codeOf(() => statSync(wanted));
  if (code !== undefined) {
    const advice = code === "ENOENT" ? "; make it with mkdir" : "";
    throw new MountError("NO_DIRECTORY", `${quote(folder)} can not be used (${code})${advice}`);
  }
  if (!statSync(wanted).isDirectory())
    throw new MountError("NO_DIRECTORY", `${quote(folder)} is not a directory`);
  return wanted;
}

/** Takes a mount of ours away whose server is dead. @throws MountError NOT_MOUNTED when it is alive, or stays */
function makeRoom(folder: string, way: MountWay): void {
  const isDead = (): boolean => codeOf(() => statSync(folder)) === "ENOTCONN";
  if (!isDead()) throw new MountError("NOT_MOUNTED", `${quote(folder)} has the namespaces already`);
  unmountAt(folder, way);
  if (isDead())
    throw new MountError(
      "NOT_MOUNTED",
      `${quote(folder)} has a mount whose server was killed, and it can not be taken away; umount it first`,
    );
}

function codeOf(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "EIO";
  }
}

interface Mount {
  readonly type: string;
  readonly source: string;
}

/** What is mounted at `folder`; of several the one that is to be seen (proc_pid_mountinfo(5)). */
function mountOn(folder: string): Mount | undefined {
  const escaped = folder.replace(
    /[\\ \t\n]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .findLast((each) => each.split(" ")[4] === escaped);
  const [type, source] = line?.split(" - ")[1]?.split(" ") ?? [];
  return type === undefined || source === undefined ? undefined : { type, source };
}

function mountByCall(folder: string, source: string): number {
  try {
    const fd = openFuse();
    try {
      mountFuse(fd, source, folder, process.getuid?.() ?? 0);
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
function mountByHelper(folder: string, source: string): number {
  const [ours, theirs] = socketPair();
  try {
    const options = `fsname=${source},subtype=galgo,default_permissions,nosuid,nodev,noexec`;
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

/** Where it fails, the mount is still there afterwards. */
function unmountAt(folder: string, way: MountWay): void {
  if (way === "fusermount3") {
    spawnSync(HELPER, ["-u", "-z", "--", folder], { stdio: "ignore" });
    return;
  }
  try {
    lazyUnmount(folder);
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
  }
}

interface Watcher {
  /** There is nothing left to take away. */
  dismiss(): void;
}

/**
 * Waits for a line, which dismisses it, or for the end of the pipe, which a killed server leaves behind. In a session of its own, so that
 * what ends the server does not end it too. The first word is the source of the mount: the next server may have been faster.
 */
const WATCH = `trap '' HUP INT QUIT TERM
read -r dismissed && exit
grep -q " - ${TYPE} $1 " /proc/self/mountinfo || exit
shift
exec "$@" 2>/dev/null`;

function startWatcher(folder: string, source: string, way: MountWay): Watcher {
  const unmount =
    way === "mount" ? ["umount", "-l", "--", folder] : [HELPER, "-u", "-z", "--", folder];
  const shell = spawn("/bin/sh", ["-c", WATCH, "galgo-mount-watch", source, ...unmount], {
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
      if (!shell.stdin.writableEnded) shell.stdin.end("dismissed\n");
    },
  };
}
