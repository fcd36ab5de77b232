// SPDX-License-Identifier: Apache-2.0
// Content digests of files, cached by (dev, ino, btime, ctime, size) and rechecked after hashing.
import { createHash, hash } from "node:crypto";
import { sys } from "../../native/syscalls.ffi.ts";
import { MAX_HASHED } from "./limits.ts";
import { FileType, type Stat, fdName, isSettled, ownFdDirectory, statFd } from "./stat.ts";

const O_RDONLY_CLOEXEC_NONBLOCK = 0x80800;
const CHUNK = 1 << 20;
/** Digests kept; beyond it the oldest goes. A cached digest takes about 300 bytes. */
const MAX_CACHED = 65_536;
/** How often a file that changes while it is hashed is hashed again before it is given up. */
const MAX_TRIES = 3;

/** Called between two pieces of a long file, so that a watchdog can tell work from a hang. */
export type HashProgress = () => void;

/** Smaller files are hashed faster than they are looked up in a file of digests. */
const WORTH_KEEPING = 1n << 20n;
const OTHERS_MAY_WRITE = 0o022;

/** What a digester needs of others. */
export interface DigestOptions {
  readonly progress: HashProgress;
  /** Digests of earlier runs, by content key; large files that only root can change are looked up and added. */
  readonly kept: Map<string, string>;
  /** As `kept`, of any size: for several digesters of one thread. Without, each remembers for itself. */
  readonly rootDigests?: Map<string, string>;
  /** Runs `work` with the agent's own rights, where the thread has taken those of a task. */
  readonly asAgent?: <T>(work: () => T) => T;
}

/** Digests of file contents. One per sensor. */
export class ContentDigests {
  readonly #algorithm: string;
  readonly #empty: string;
  readonly #progress: HashProgress;
  readonly #kept: Map<string, string>;
  readonly #asAgent: <T>(work: () => T) => T;
  readonly #cache = new Map<string, string>();
  readonly #rootDigests: Map<string, string> | undefined;

  constructor(
    algorithm: string,
    empty: string,
    { progress, kept, rootDigests, asAgent }: DigestOptions,
  ) {
    this.#algorithm = algorithm;
    this.#empty = empty;
    this.#progress = progress;
    this.#kept = kept;
    this.#rootDigests = rootDigests;
    this.#asAgent = asAgent ?? ((work) => work());
  }

  /**
   * Digest (hex) of what `fd` (O_PATH is enough) refers to; the digest of nothing for empty and non-regular files.
   * undefined when the content can not be read by this process, or changed under every try.
   * @param scope what else names the content, where the caller knows more than `stat` tells
   */
  of(fd: number, stat: Stat, scope = ""): string | undefined {
    if (stat.type !== FileType.regular || stat.size === 0n) return this.#empty;
    const key = scope + stat.contentKey;
    return this.#cache.get(key) ?? this.#knownDigest(stat, key) ?? this.#fresh(fd, stat, scope);
  }

  /** As `of`, of a content that can change without that `stat` tells: nothing is remembered of it, nor believed. */
  unremembered(fd: number, stat: Stat): string | undefined {
    if (stat.type !== FileType.regular || stat.size === 0n) return this.#empty;
    return this.#fresh(fd, stat, undefined);
  }

  /** @param scope undefined: nothing is remembered */
  #fresh(fd: number, stat: Stat, scope: string | undefined): string | undefined {
    // most are open for reading already; where the position is does not matter to pread
    const direct = this.#hash(fd, stat, scope);
    if (direct !== undefined) return direct;
    // with the agent's own rights: the task need not be allowed to read what it runs or writes
    const flags = O_RDONLY_CLOEXEC_NONBLOCK;
    const reader = this.#asAgent(() => sys().openat(ownFdDirectory(), fdName(fd), flags, 0));
    if (reader < 0) return undefined;
    try {
      return this.#hash(reader, stat, scope);
    } finally {
      sys().close(reader);
    }
  }

  #hash(reader: number, expected: Stat, scope: string | undefined): string | undefined {
    let before = expected;
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const digest = this.#read(reader, before.size);
      const after = statFd(reader);
      if (digest === undefined || after === undefined) return undefined;
      if (after.contentKey === before.contentKey) {
        if (scope !== undefined && isSettled(after))
          this.#remember(after, scope + after.contentKey, digest);
        return digest;
      }
      before = after;
    }
    return undefined;
  }

  /** Reads no further than the file was long at first: one that grows with every look would never end. */
  #read(reader: number, size: bigint): string | undefined {
    if (size > MAX_HASHED) return undefined;
    const chunk = ownChunk();
    const first = sys().pread(reader, chunk, Math.min(CHUNK, Number(size)), 0);
    if (first < 0) return undefined;
    // in one call, which costs a third of an object that is made, filled and asked
    if (BigInt(first) === size) {
      const whole = hash(this.#algorithm, chunk.subarray(0, first), "hex");
      this.#progress();
      return whole;
    }
    const digest = createHash(this.#algorithm);
    for (let got = first, offset = 0; got > 0; ) {
      digest.update(chunk.subarray(0, got));
      offset += got;
      this.#progress();
      got = sys().pread(reader, chunk, Math.min(CHUNK, Number(size) - offset), offset);
      if (got < 0) return undefined;
    }
    return digest.digest("hex");
  }

  #knownDigest(stat: Stat, key: string): string | undefined {
    if (!isRoots(stat)) return undefined;
    return this.#rootDigests?.get(key) ?? (isLarge(stat) ? this.#kept.get(key) : undefined);
  }

  #remember(stat: Stat, key: string, digest: string): void {
    if (isRoots(stat) && isLarge(stat)) add(this.#kept, key, digest);
    add(isRoots(stat) ? (this.#rootDigests ?? this.#cache) : this.#cache, key, digest);
  }
}

function add(cache: Map<string, string>, key: string, digest: string): void {
  if (cache.size >= MAX_CACHED) {
    const oldest = cache.keys().next().value;
    if (oldest !== undefined) cache.delete(oldest);
  }
  cache.set(key, digest);
}

let chunkOfThread: Buffer | undefined;

/** Where pieces of files are read to: filled and used without anything between. */
function ownChunk(): Buffer {
  chunkOfThread ??= Buffer.allocUnsafe(CHUNK);
  return chunkOfThread;
}

function isLarge(stat: Stat): boolean {
  return stat.size >= WORTH_KEEPING;
}

/** A workload, or a user, that could change the file could have a digest kept that is not its content's. */
function isRoots(stat: Stat): boolean {
  return stat.uid === 0 && (stat.mode & OTHERS_MAY_WRITE) === 0;
}
