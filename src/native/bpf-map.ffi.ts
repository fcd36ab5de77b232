// SPDX-License-Identifier: Apache-2.0
// BPF maps: making, pinning, elements, memory shared with programs.
import { readFileSync } from "node:fs";
import { bpfCall, BpfError, checked, errnoOf } from "./libbpf.ffi.ts";
import { Mapping, pageBytes } from "./mapping.ffi.ts";
import { closeFd } from "./tsem.ffi.ts";

/** Types of maps (enum bpf_map_type) that Galgo uses. */
export const MAP_TYPE = {
  HASH: 1,
  ARRAY: 2,
  ARRAY_OF_MAPS: 12,
  RINGBUF: 27,
  INODE_STORAGE: 28,
  TASK_STORAGE: 29,
} as const;

/** Flags of maps (BPF_F_*). */
export const MAP_FLAG = {
  /** Elements of an array may be mapped by user space. */
  MMAPABLE: 0x400,
  /** Another array than the one it replaces in a map of maps may be of another size. */
  INNER_MAP: 0x1000,
} as const;

/** How `update` treats an element that is there already. */
export const UPDATE = { ANY: 0, IF_ABSENT: 1, IF_PRESENT: 2 } as const;

const ENOENT = 2;
const EEXIST = 17;
const CREATE_OPTS_BYTES = 48;
const MAP_INFO_BYTES = 88;

export interface MapShape {
  readonly type: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly maxEntries: number;
}

export interface NewMap extends MapShape {
  /** At most 15 characters. */
  readonly name: string;
  readonly flags?: number;
  /** A map of maps: the descriptor of a map that its inner maps resemble. */
  readonly innerFd?: number;
}

export interface MapInfo extends MapShape {
  readonly id: number;
  readonly flags: number;
  readonly name: string;
}

const GET = "int bpf_obj_get(const char *)";
const PIN = "int bpf_obj_pin(int, const char *)";
const CREATE = "int bpf_map_create(int, const char *, uint, uint, uint, void *)";
const LOOKUP = "int bpf_map_lookup_elem(int, void *, void *)";
const UPDATE_ELEMENT = "int bpf_map_update_elem(int, void *, void *, uint64)";
const DELETE = "int bpf_map_delete_elem(int, void *)";
const NEXT = "int bpf_map_get_next_key(int, void *, void *)";
const BY_ID = "int bpf_map_get_fd_by_id(uint)";
const INFO = "int bpf_obj_get_info_by_fd(int, void *, void *)";

/** A map. The object owns its descriptor (close-on-exec). Keys and values are whole buffers of the map's sizes. */
export class BpfMap {
  readonly fd: number;
  readonly info: MapInfo;
  #closed = false;

  private constructor(fd: number) {
    this.fd = fd;
    this.info = mapInfo(fd);
  }

  /** @throws BpfError CALL_FAILED */
  static create(wanted: NewMap): BpfMap {
    const opts = Buffer.alloc(CREATE_OPTS_BYTES);
    opts.writeBigUInt64LE(BigInt(CREATE_OPTS_BYTES), 0);
    opts.writeUInt32LE(wanted.innerFd ?? 0, 24);
    opts.writeUInt32LE(wanted.flags ?? 0, 28);
    const { type, name, keyBytes, valueBytes, maxEntries } = wanted;
    const fd = bpfCall(CREATE)(type, name, keyBytes, valueBytes, maxEntries, opts);
    return BpfMap.#owning(checked(`bpf_map_create(${name})`, fd));
  }

  /** The map that is pinned at `path`. @throws BpfError CALL_FAILED (ENOENT: nothing is pinned there) */
  static open(path: string): BpfMap {
    return BpfMap.#owning(checked(`bpf_obj_get(${path})`, bpfCall(GET)(path)));
  }

  /** The map with an id, as a map of maps tells it; undefined when it is gone. @throws BpfError CALL_FAILED */
  static byId(id: number): BpfMap | undefined {
    const fd = bpfCall(BY_ID)(id);
    if (fd < 0 && errnoOf(fd) === ENOENT) return undefined;
    return BpfMap.#owning(checked("bpf_map_get_fd_by_id", fd));
  }

  /** Takes over a descriptor. @throws BpfError CALL_FAILED when it is none of a map */
  static ofFd(fd: number): BpfMap {
    return BpfMap.#owning(fd);
  }

  static #owning(fd: number): BpfMap {
    try {
      return new BpfMap(fd);
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  }

  /** @throws BpfError CALL_FAILED (EEXIST: something is pinned there) */
  pin(path: string): void {
    checked(`bpf_obj_pin(${path})`, bpfCall(PIN)(this.fd, path));
  }

  /** Copies an element into `value`. @returns whether there is one */
  lookup(key: Buffer, value: Buffer): boolean {
    const result = bpfCall(LOOKUP)(this.fd, key, value);
    return this.#found("bpf_map_lookup_elem", result, ENOENT);
  }

  /** @returns false where `how` did not allow it (IF_ABSENT, IF_PRESENT) */
  update(key: Buffer, value: Buffer, how: number = UPDATE.ANY): boolean {
    const result = bpfCall(UPDATE_ELEMENT)(this.fd, key, value, how);
    return this.#found("bpf_map_update_elem", result, how === UPDATE.IF_ABSENT ? EEXIST : ENOENT);
  }

  /** @returns whether there was one */
  delete(key: Buffer): boolean {
    return this.#found("bpf_map_delete_elem", bpfCall(DELETE)(this.fd, key), ENOENT);
  }

  /** Copies the key behind `key` (null: the first one) into `next`. @returns false at the end */
  nextKey(key: Buffer | null, next: Buffer): boolean {
    return this.#found("bpf_map_get_next_key", bpfCall(NEXT)(this.fd, key, next), ENOENT);
  }

  /** An element of an array. @throws BpfError CALL_FAILED (E2BIG, ENOENT: not so long) */
  get(index: number, value: Buffer): void {
    if (!this.lookup(u32(index), value)) throw this.#absent(index);
  }

  set(index: number, value: Buffer): void {
    if (!this.update(u32(index), value)) throw this.#absent(index);
  }

  /**
   * Puts a map into a slot of an array of maps; undefined empties it. When it returns, every program that can not sleep sees
   * the new one.
   */
  setInner(slot: number, inner: BpfMap | undefined): void {
    if (inner !== undefined) this.set(slot, u32(inner.fd));
    else this.delete(u32(slot));
  }

  /** Id of the map in a slot of an array of maps; undefined: empty. */
  innerId(slot: number): number | undefined {
    const id = Buffer.alloc(4);
    return this.lookup(u32(slot), id) ? id.readUInt32LE(0) : undefined;
  }

  /** All elements of an array that was made with MMAPABLE, shared with the programs. @throws NativeError */
  mapElements(access: "read" | "write" = "write"): Mapping {
    const page = pageBytes();
    const stride = Math.ceil(this.info.valueBytes / 8) * 8;
    return Mapping.of(this.fd, Math.ceil((stride * this.info.maxEntries) / page) * page, access);
  }

  /** Kernel memory that the map takes (bytes). */
  memoryBytes(): number {
    const text = readFileSync(`/proc/self/fdinfo/${this.fd}`, "latin1");
    return Number(/^memlock:\s*(\d+)/m.exec(text)?.[1] ?? Number.NaN);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeFd(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #found(call: string, result: number, otherwise: number): boolean {
    if (result >= 0) return true;
    const errno = errnoOf(result);
    if (errno === otherwise) return false;
    throw BpfError.ofCall(`${call}(${this.info.name})`, errno);
  }

  #absent(index: number): BpfError {
    return BpfError.ofCall(`element ${index} of ${this.info.name}`, ENOENT);
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function mapInfo(fd: number): MapInfo {
  const info = Buffer.alloc(MAP_INFO_BYTES);
  const length = u32(MAP_INFO_BYTES);
  checked("bpf_obj_get_info_by_fd", bpfCall(INFO)(fd, info, length));
  const name = info.toString("latin1", 24, 40);
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    keyBytes: info.readUInt32LE(8),
    valueBytes: info.readUInt32LE(12),
    maxEntries: info.readUInt32LE(16),
    flags: info.readUInt32LE(20),
    name: name.slice(0, Math.max(0, name.indexOf("\0"))),
  };
}
