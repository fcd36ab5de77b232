// SPDX-License-Identifier: Apache-2.0
// A file server over /dev/fuse, as small as the TSEM simulator needs it: files whose reads and writes are answered by a
// program, with the calling thread's id, errnos of our choice, poll, and answers that may come later. Root only.
import { closeSync, openSync, read, writeSync } from "node:fs";
import koffi from "koffi";

const OP = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  ACCESS: 34,
  INTERRUPT: 36,
  DESTROY: 38,
  POLL: 40,
  BATCH_FORGET: 42,
} as const;

export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EACCES: 13,
  EINVAL: 22,
  ENOSYS: 38,
  ENODATA: 61,
} as const;

const IN_HEADER = 40;
const OUT_HEADER = 16;
const NOTIFY_POLL = 1;
const POLLIN = 1;
const MNT_DETACH = 2;
const DIRECT_IO = 1;
const BUFFER_BYTES = 256 * 1024;

/** Who asks: the thread's id, not the process's. */
export interface Caller {
  readonly tid: number;
}

/** A result, or an errno to fail with. */
export type Answer<T> = T | { readonly errno: number };

/** What a file does. `later` is called at most once; until then the caller waits. */
export interface SimulatedFile {
  readonly mode: number;
  open?(caller: Caller, flags: number): Answer<true>;
  read?(caller: Caller, size: number, offset: number): Answer<Buffer>;
  write?(caller: Caller, data: Buffer, later: (answer: Answer<number>) => void): void;
  /** The caller of a write that waits got a signal. */
  interrupted?(caller: Caller): void;
  readable?(): boolean;
}

export interface SimulatedFolder {
  readonly entries: () => ReadonlyMap<string, SimulatedFolder | SimulatedFile>;
}

type Node = SimulatedFolder | SimulatedFile;

function isFolder(node: Node): node is SimulatedFolder {
  return "entries" in node;
}

const libc = koffi.load("libc.so.6");
const mount = libc.func("int mount(const char *, const char *, const char *, ulong, const char *)");
const umount2 = libc.func("int umount2(const char *, int)");

export class FuseServer {
  readonly #folder: string;
  readonly #fd: number;
  readonly #ids = new Map<Node, bigint>();
  readonly #nodes = new Map<bigint, Node>();
  /** Writes that wait, by their request's number. */
  readonly #waiting = new Map<bigint, { readonly node: SimulatedFile; readonly caller: Caller }>();
  /** Whom to tell when a file becomes readable. */
  readonly #polls = new Map<Node, Set<bigint>>();

  /** Mounts at `folder`. */
  constructor(folder: string, root: SimulatedFolder) {
    this.#folder = folder;
    this.#nodes.set(1n, root);
    this.#ids.set(root, 1n);
    this.#fd = openSync("/dev/fuse", "r+");
    const options = `fd=${this.#fd},rootmode=40755,user_id=0,group_id=0,allow_other`;
    if (mount("galgo-tsem-simulator", folder, "fuse", 0, options) !== 0)
      throw new Error(`mount of FUSE at ${folder} failed: errno ${koffi.errno()}`);
  }

  serve(): void {
    const buffer = Buffer.alloc(BUFFER_BYTES);
    read(this.#fd, buffer, 0, buffer.length, null, (error, length) => {
      const code = error?.code;
      if (code === "ENODEV" || code === "EBADF") return;
      if (error === null) this.#take(buffer.subarray(0, length));
      this.serve();
    });
  }

  /** Tells everybody who polls this file that it can be read now. */
  wake(node: SimulatedFile): void {
    for (const handle of this.#polls.get(node) ?? []) {
      const out = Buffer.alloc(OUT_HEADER + 8);
      out.writeUInt32LE(out.length, 0);
      out.writeInt32LE(NOTIFY_POLL, 4);
      out.writeBigUInt64LE(handle, 16);
      this.#send(out);
    }
    this.#polls.delete(node);
  }

  close(): void {
    umount2(this.#folder, MNT_DETACH);
    closeSync(this.#fd);
  }

  #take(request: Buffer): void {
    const opcode = request.readUInt32LE(4);
    const unique = request.readBigUInt64LE(8);
    const node = this.#nodes.get(request.readBigUInt64LE(16));
    const caller = { tid: request.readUInt32LE(32) };
    const body = request.subarray(IN_HEADER);
    if (opcode === OP.FORGET || opcode === OP.BATCH_FORGET) return;
    if (opcode === OP.INTERRUPT) this.#interrupt(body.readBigUInt64LE(0));
    else if (opcode === OP.INIT) this.#reply(unique, initReply(body));
    else if (node === undefined) this.#fail(unique, ERRNO.ENOENT);
    else if (isFolder(node)) this.#folderRequest(opcode, { unique, node, body });
    else this.#fileRequest(opcode, { unique, node, caller, body });
  }

  #folderRequest(
    opcode: number,
    { unique, node, body }: { unique: bigint; node: SimulatedFolder; body: Buffer },
  ): void {
    switch (opcode) {
      case OP.LOOKUP:
        this.#lookup(unique, node, body.subarray(0, body.indexOf(0)).toString());
        break;
      case OP.GETATTR:
        this.#reply(unique, Buffer.concat([Buffer.alloc(16), this.#attributes(node)]));
        break;
      case OP.OPENDIR:
        this.#reply(unique, Buffer.alloc(16));
        break;
      case OP.READDIR:
        this.#reply(unique, this.#listing(node, Number(body.readBigUInt64LE(8))));
        break;
      case OP.STATFS:
        this.#reply(unique, Buffer.alloc(80));
        break;
      case OP.RELEASEDIR:
      case OP.ACCESS:
        this.#reply(unique, Buffer.alloc(0));
        break;
      default:
        this.#fail(unique, ERRNO.ENOSYS);
        break;
    }
  }

  #fileRequest(
    opcode: number,
    {
      unique,
      node,
      caller,
      body,
    }: { unique: bigint; node: SimulatedFile; caller: Caller; body: Buffer },
  ): void {
    switch (opcode) {
      case OP.GETATTR:
      case OP.SETATTR:
        this.#reply(unique, Buffer.concat([Buffer.alloc(16), this.#attributes(node)]));
        break;
      case OP.OPEN: {
        const opened = node.open?.(caller, body.readUInt32LE(0)) ?? true;
        if (opened !== true) {
          this.#fail(unique, opened.errno);
          break;
        }
        const out = Buffer.alloc(16);
        out.writeUInt32LE(DIRECT_IO, 8);
        this.#reply(unique, out);
        break;
      }
      case OP.READ: {
        const [offset, size] = [Number(body.readBigUInt64LE(8)), body.readUInt32LE(16)];
        const got = node.read?.(caller, size, offset) ?? { errno: ERRNO.EINVAL };
        if ("errno" in got) this.#fail(unique, got.errno);
        else this.#reply(unique, got);
        break;
      }
      case OP.WRITE:
        this.#write(unique, node, { caller, body });
        break;
      case OP.POLL:
        this.#poll(unique, node, body);
        break;
      case OP.RELEASE:
      case OP.FLUSH:
      case OP.ACCESS:
        this.#reply(unique, Buffer.alloc(0));
        break;
      default:
        this.#fail(unique, ERRNO.ENOSYS);
        break;
    }
  }

  #write(
    unique: bigint,
    node: SimulatedFile,
    { caller, body }: { caller: Caller; body: Buffer },
  ): void {
    if (node.write === undefined) {
      this.#fail(unique, ERRNO.EACCES);
      return;
    }
    const data = Buffer.from(body.subarray(40, 40 + body.readUInt32LE(16)));
    this.#waiting.set(unique, { node, caller });
    node.write(caller, data, (answer) => {
      if (!this.#waiting.delete(unique)) return;
      if (typeof answer !== "number") {
        this.#fail(unique, answer.errno);
        return;
      }
      const out = Buffer.alloc(8);
      out.writeUInt32LE(answer, 0);
      this.#reply(unique, out);
    });
  }

  #interrupt(unique: bigint): void {
    const waiting = this.#waiting.get(unique);
    if (waiting === undefined) return;
    this.#waiting.delete(unique);
    waiting.node.interrupted?.(waiting.caller);
    this.#fail(unique, ERRNO.EINTR);
  }

  #poll(unique: bigint, node: SimulatedFile, body: Buffer): void {
    const out = Buffer.alloc(8);
    if (node.readable?.() === true) out.writeUInt32LE(POLLIN, 0);
    const scheduleNotify = (body.readUInt32LE(16) & 1) !== 0;
    if (scheduleNotify) {
      const handles = this.#polls.get(node) ?? new Set();
      handles.add(body.readBigUInt64LE(8));
      this.#polls.set(node, handles);
    }
    this.#reply(unique, out);
  }

  #lookup(unique: bigint, folder: SimulatedFolder, name: string): void {
    const node = folder.entries().get(name);
    if (node === undefined) {
      this.#fail(unique, ERRNO.ENOENT);
      return;
    }
    const out = Buffer.alloc(40);
    out.writeBigUInt64LE(this.#idOf(node), 0);
    this.#reply(unique, Buffer.concat([out, this.#attributes(node)]));
  }

  #listing(folder: SimulatedFolder, offset: number): Buffer {
    const parts = [...folder.entries()].slice(offset).map(([name, node], at) => {
      const entry = Buffer.alloc(24 + Math.ceil(Buffer.byteLength(name) / 8) * 8);
      entry.writeBigUInt64LE(this.#idOf(node), 0);
      entry.writeBigUInt64LE(BigInt(offset + at + 1), 8);
      entry.writeUInt32LE(Buffer.byteLength(name), 16);
      entry.writeUInt32LE(isFolder(node) ? 4 : 8, 20);
      entry.write(name, 24);
      return entry;
    });
    return Buffer.concat(parts);
  }

  #idOf(node: Node): bigint {
    const known = this.#ids.get(node);
    if (known !== undefined) return known;
    const id = BigInt(this.#ids.size + 1);
    this.#ids.set(node, id);
    this.#nodes.set(id, node);
    return id;
  }

  #attributes(node: Node): Buffer {
    const out = Buffer.alloc(88);
    out.writeBigUInt64LE(this.#idOf(node), 0);
    out.writeUInt32LE(isFolder(node) ? 0o40755 : 0o100000 | node.mode, 60);
    out.writeUInt32LE(1, 64);
    return out;
  }

  #reply(unique: bigint, body: Buffer): void {
    const out = Buffer.alloc(OUT_HEADER);
    out.writeUInt32LE(OUT_HEADER + body.length, 0);
    out.writeBigUInt64LE(unique, 8);
    this.#send(Buffer.concat([out, body]));
  }

  #fail(unique: bigint, errno: number): void {
    const out = Buffer.alloc(OUT_HEADER);
    out.writeUInt32LE(OUT_HEADER, 0);
    out.writeInt32LE(-errno, 4);
    out.writeBigUInt64LE(unique, 8);
    this.#send(out);
  }

  #send(out: Buffer): void {
    try {
      writeSync(this.#fd, out);
    } catch (error) {
      // ENOENT: the caller was killed and waits no longer
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

function initReply(body: Buffer): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(7, 0);
  out.writeUInt32LE(31, 4);
  out.writeUInt32LE(body.readUInt32LE(8), 8);
  out.writeUInt16LE(64, 16);
  out.writeUInt16LE(48, 18);
  out.writeUInt32LE(65_536, 20);
  return out;
}

/** Takes a mount away that its server left behind. */
export function unmount(folder: string): void {
  umount2(folder, MNT_DETACH);
}
