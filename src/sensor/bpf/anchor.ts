// SPDX-License-Identifier: Apache-2.0
// The anchor: a process that only sleeps, whose program file is served by Galgo over FUSE. Programs in the kernel find the file
// through the process, and ask by reading its attribute. The file system is in no mount table, and lasts as long as the anchor.
import { readlinkSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { watchReadable } from "../../native/fd-passing.ffi.ts";
import { makeFuseFile, openFuse, startProgram } from "../../native/fuse.ffi.ts";
import { waitChild } from "../../native/process.ffi.ts";
import { closeFd } from "../../native/tsem.ffi.ts";
import { anchorImage } from "./anchor-image.ts";
import { BpfSensorError } from "./errors.ts";
import { type AnswerQuestion, FuseServer } from "./fuse.ts";

const NAME = "galgo-anchor";
/** PROC_PID_INIT_INO */
const INITIAL_PID_NAMESPACE = 0xefff_fffc;

/** A device number as the kernel keeps it in a superblock. */
export interface KernelDevice {
  readonly major: number;
  readonly minor: number;
  /** major << 20 | minor */
  readonly value: number;
}

export class Anchor {
  readonly pid: number;
  /** Of the anchor's program file. The minor number is also that of the FUSE connection (see `abortFuse`). */
  readonly device: KernelDevice;
  /** Readable when there is a request; only the server reads it. */
  readonly fuseFd: number;
  readonly server: FuseServer;
  #closed = false;

  constructor(pid: number, device: KernelDevice, fuseFd: number, server: FuseServer) {
    this.pid = pid;
    this.device = device;
    this.fuseFd = fuseFd;
    this.server = server;
  }

  /** Ends the connection: all that still wait get an error. The anchor goes with it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeFd(this.fuseFd);
    end(this.pid);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Starts an anchor, and serves it meanwhile. Afterwards the caller serves it, from this thread or any other one of the process.
 * @throws BpfSensorError ANCHOR_FAILED
 */
export async function startAnchor(answer: AnswerQuestion): Promise<Anchor> {
  const image = anchorImage(process.pid);
  if (image === undefined)
    throw new BpfSensorError("ANCHOR_FAILED", `there is no anchor for ${process.arch} processors`);
  if (readlinkSync("/proc/self/ns/pid") !== `pid:[${INITIAL_PID_NAMESPACE}]`) {
    throw new BpfSensorError(
      "ANCHOR_FAILED",
      "programs in the kernel know tasks by their pids outside of containers: the bpf sensor has to run outside too",
    );
  }
  let fuseFd = -1;
  let root = -1;
  let pid = 0;
  try {
    fuseFd = openFuse();
    root = makeFuseFile(fuseFd);
    const path = `/proc/self/fd/${root}`;
    const server = new FuseServer(fuseFd, image, answer);
    const device = await serving(fuseFd, server, async () => {
      pid = await startProgram(path, NAME);
      return kernelDevice((await stat(path)).dev);
    });
    spareFromOom(pid);
    return new Anchor(pid, device, fuseFd, server);
  } catch (cause) {
    if (fuseFd >= 0) closeFd(fuseFd);
    if (pid > 0) end(pid);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BpfSensorError(
      "ANCHOR_FAILED",
      `can not start the anchor of the BPF sensor: ${why}`,
      {
        cause,
      },
    );
  } finally {
    if (root >= 0) closeFd(root); // the anchor holds the file system from now on
  }
}

/** Serves while `work` is on its way. */
async function serving<T>(fd: number, server: FuseServer, work: () => Promise<T>): Promise<T> {
  let failure: unknown;
  const watch = watchReadable(fd, () => {
    try {
      if (server.drain() === "ended") watch.close();
    } catch (error) {
      failure = error;
      watch.close();
    }
  });
  try {
    return await work();
  } catch (error) {
    throw failure ?? error;
  } finally {
    watch.close();
  }
}

function kernelDevice(dev: number): KernelDevice {
  // as in stat(2): minor 0-7, major 12 bits, minor 8-19
  const major = Math.floor(dev / 256) & 0xfff;
  const minor = (dev & 0xff) | (Math.floor(dev / 4096) & 0xfff00);
  return { major, minor, value: major * 2 ** 20 + minor };
}

function spareFromOom(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "-1000");
  } catch {
    // not allowed in some containers: killed then, it is noticed as any other end of the anchor
  }
}

/** It is our child and nobody else waits for it, so the pid is still its own. */
function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone already
  }
  waitChild(pid, 0);
}
