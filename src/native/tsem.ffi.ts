// SPDX-License-Identifier: Apache-2.0
// Calls that the TSEM control plane needs and Node has no function for: reads and writes whose errno is a value and no
// exception, seeking, waiting on several descriptors, pipes, and a launch from the calling thread (TSEM looks at threads).
import { c, errno, errnoName } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";

const O_CLOEXEC = 0o2000000;
const SEEK_SET = 0;
const POLLFD_BYTES = 8;
/** More than posix_spawn_file_actions_t has in glibc (80) and musl (80). */
const FILE_ACTIONS_BYTES = 256;

export const POLL_IN = 1;
export const POLL_HANG_UP = 16;

/** What a call gave: a count of bytes, or the name of its errno. */
export type IoResult = number | string;

function result(value: number): IoResult {
  return value < 0 ? errnoName(errno()) : value;
}

/** read(2) into `into` from byte `at` of it on, at the file's own position. */
export function readInto(fd: number, into: Buffer, at: number): IoResult {
  const part = at === 0 ? into : into.subarray(at);
  return result(Number(c("long read(int, void *, size_t)")(fd, part, part.length)));
}

/** One write(2), never repeated: for files that take a command a write. */
export function writeOnce(fd: number, bytes: Buffer): IoResult {
  return result(Number(c("long write(int, void *, size_t)")(fd, bytes, bytes.length)));
}

/** Sets the file's position to its beginning. @returns an errno's name when it can not be set */
export function rewind(fd: number): IoResult {
  return result(Number(c("int64 lseek(int, int64, int)")(fd, 0, SEEK_SET)));
}

/**
 * Waits until one of the descriptors has something (POLL_IN is asked for), or `timeoutMs` is over (-1: for ever).
 * @returns what poll(2) says of each, in order; all zero on a time-out or a signal
 * @throws NativeError CALL_FAILED
 */
export function pollAll(fds: readonly number[], timeoutMs: number): number[] {
  const polled = Buffer.alloc(fds.length * POLLFD_BYTES);
  fds.forEach((fd, at) => {
    polled.writeInt32LE(fd, at * POLLFD_BYTES);
    polled.writeInt16LE(POLL_IN, at * POLLFD_BYTES + 4);
  });
  const ready = c("int poll(void *, ulong, int)")(polled, fds.length, timeoutMs);
  if (ready < 0) {
    const name = errnoName(errno());
    if (name !== "EINTR") throw NativeError.ofCall("poll", errno());
    return fds.map(() => 0);
  }
  return fds.map((_, at) => polled.readInt16LE(at * POLLFD_BYTES + 6));
}

/** close(2), for descriptors that were not opened by Node: a worker thread warns when Node closes those. */
export function closeFd(fd: number): void {
  c("int close(int)")(fd);
}

/** A pipe, both ends close-on-exec: [read end, write end]. @throws NativeError CALL_FAILED */
export function makePipe(): [number, number] {
  const ends = Buffer.alloc(8);
  if (c("int pipe2(void *, int)")(ends, O_CLOEXEC) < 0) throw NativeError.ofCall("pipe2", errno());
  return [ends.readInt32LE(0), ends.readInt32LE(4)];
}

export interface SpawnRequest {
  readonly path: string;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Descriptors of this process that become 0, 1, 2, ... of the new one; nothing else of ours is open there. */
  readonly fds: readonly number[];
}

/**
 * Starts a program as a child of the calling thread. Node does not wait for it: the caller does.
 * @returns its pid
 * @throws NativeError CALL_FAILED
 */
export function spawnFromThread(request: SpawnRequest): number {
  const actions = Buffer.alloc(FILE_ACTIONS_BYTES);
  must("posix_spawn_file_actions_init", c("int posix_spawn_file_actions_init(void *)")(actions));
  try {
    place(actions, request.fds);
    const chdir = c("int posix_spawn_file_actions_addchdir_np(void *, const char *)");
    must("posix_spawn_file_actions_addchdir_np", chdir(actions, request.cwd));
    const pid = Buffer.alloc(4);
    const env = Object.entries(request.env).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    );
    const spawn = c(
      "int posix_spawn(void *, const char *, void *, void *, const char **, const char **)",
    );
    must(
      "posix_spawn",
      spawn(pid, request.path, actions, null, [...request.argv, null], [...env, null]),
    );
    return pid.readInt32LE(0);
  } finally {
    c("int posix_spawn_file_actions_destroy(void *)")(actions);
  }
}

/** First out of the way of each other, then to their places. */
function place(actions: Buffer, fds: readonly number[]): void {
  const dup = c("int posix_spawn_file_actions_adddup2(void *, int, int)");
  const close = c("int posix_spawn_file_actions_addclose(void *, int)");
  const free = Math.max(fds.length, ...fds) + 1;
  for (const [at, fd] of fds.entries()) must("adddup2", dup(actions, fd, free + at));
  for (const at of fds.keys()) must("adddup2", dup(actions, free + at, at));
  for (const at of fds.keys()) must("addclose", close(actions, free + at));
}

function must(call: string, error: number): void {
  if (error !== 0) throw NativeError.ofCall(call, error);
}

const PR_CAPBSET_DROP = 24;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_LOWER = 3;
const CAP_VERSION_3 = 0x20080522;

/**
 * No program that this thread starts from now on has the capability: it leaves the bounding, the ambient and the inheritable
 * set. What the thread itself has stays.
 * @throws NativeError CALL_FAILED
 */
export function dropCapability(capability: number): void {
  const prctl = c("int prctl(int, ulong, ulong, ulong, ulong)");
  if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
    throw NativeError.ofCall("prctl(PR_CAPBSET_DROP)", errno());
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, capability, 0, 0); // Linux < 4.3 has none
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAP_VERSION_3, 0);
  const sets = Buffer.alloc(24); // two of {effective, permitted, inheritable}
  if (c("int capget(void *, void *)")(header, sets) < 0)
    throw NativeError.ofCall("capget", errno());
  const at = Math.floor(capability / 32) * 12 + 8;
  sets.writeUInt32LE((sets.readUInt32LE(at) & ~(1 << (capability % 32))) >>> 0, at);
  if (c("int capset(void *, void *)")(header, sets) < 0)
    throw NativeError.ofCall("capset", errno());
}
