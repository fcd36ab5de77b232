// SPDX-License-Identifier: Apache-2.0
// Calls for an agent in another process or behind a serial port: a pair of stream sockets, a program's file in memory, raw terminals.
import { constants, writeSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { c, errno } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";
import { closeFd } from "./tsem.ffi.ts";

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const F_SETFL = 4;
const O_CLOEXEC = 0o2000000;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
/** It may be executed, also where that is not the rule (vm.memfd_noexec); Linux 6.3. */
const MFD_EXEC = 16;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE */
const ALL_SEALS = 1 | 2 | 4 | 8;
/** More than struct termios has in glibc and musl (60). */
const TERMIOS_BYTES = 128;
/** Where struct termios has c_cflag, and RTS/CTS in it (not on Alpha, MIPS, PowerPC and SPARC). */
const CFLAG_AT = 8;
const CRTSCTS = 0o20000000000;
const B115200 = 0o10002;
const CSTOPB = 0o100;
/** Bytes are taken; no modem that could hang up. */
const CREAD = 0o200;
const CLOCAL = 0o4000;
const TCSANOW = 0;
const TCIOFLUSH = 2;

/** Two connected stream sockets, close-on-exec; the first does not block. The caller closes both. @throws NativeError CALL_FAILED */
export function streamPair(): [number, number] {
  const pair = Buffer.alloc(8);
  must(
    "socketpair",
    c("int socketpair(int, int, int, void *)")(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, pair),
  );
  const [ours, theirs] = [pair.readInt32LE(0), pair.readInt32LE(4)];
  try {
    must("fcntl(F_SETFL)", c("int fcntl(int, int, int)")(ours, F_SETFL, constants.O_NONBLOCK));
    return [ours, theirs];
  } catch (error) {
    closeFd(ours);
    closeFd(theirs);
    throw error;
  }
}

/**
 * A file in memory with these bytes, that nobody can change any more: what was looked at is what runs. Close-on-exec; the caller closes it.
 * @throws NativeError CALL_FAILED
 */
export function fileInMemory(name: string, bytes: Uint8Array): number {
  const create = c("int memfd_create(const char *, uint)");
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  let fd = create(name, flags | MFD_EXEC);
  // an older kernel does not know the flag, and needs none
  if (fd < 0 && errno() === osConstants.errno.EINVAL) fd = create(name, flags);
  if (fd < 0) throw NativeError.ofCall("memfd_create", errno());
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    must("fcntl(F_ADD_SEALS)", c("int fcntl(int, int, int)")(fd, F_ADD_SEALS, ALL_SEALS));
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * Opens a serial port: 115200 baud, 8 bits, no parity, raw; what was in its buffers is dropped. It does not block. Close-on-exec; the caller closes it.
 * @param handshake RTS/CTS: the other side says when it can take more
 * @throws NativeError CALL_FAILED, also when it is no terminal
 */
export function openSerial(path: string, handshake = false): number {
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK | O_CLOEXEC;
  const fd = c("int open(const char *, int)")(path, flags);
  must("open", fd);
  try {
    const settings = Buffer.alloc(TERMIOS_BYTES);
    must("tcgetattr", c("int tcgetattr(int, void *)")(fd, settings));
    c("void cfmakeraw(void *)")(settings);
    // three wires are enough for all others, whatever whoever used the port before has asked it for
    const kept = settings.readUInt32LE(CFLAG_AT) & ~(CRTSCTS | CSTOPB);
    const control = kept | CLOCAL | CREAD | (handshake ? CRTSCTS : 0);
    settings.writeUInt32LE(control >>> 0, CFLAG_AT);
    must("cfsetspeed", c("int cfsetspeed(void *, uint)")(settings, B115200));
    must("tcsetattr", c("int tcsetattr(int, int, void *)")(fd, TCSANOW, settings));
    must("tcflush", c("int tcflush(int, int)")(fd, TCIOFLUSH));
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

function must(call: string, result: number): void {
  if (result < 0) throw NativeError.ofCall(call, errno());
}
