// SPDX-License-Identifier: Apache-2.0
// BPF objects: compiled programs and maps in one ELF file, fitted to the running kernel by libbpf, loaded, attached, pinned.
import koffi from "koffi";
import { quote } from "../base/quote.ts";
import { BpfLink } from "./bpf-link.ffi.ts";
import { BpfMap } from "./bpf-map.ffi.ts";
import {
  BpfError,
  bpfCall,
  bpfPointerCall,
  checked,
  errnoOf,
  type Pointer,
  withMessages,
} from "./libbpf.ffi.ts";
import { errno, errnoName, libc } from "./libc.ffi.ts";

const OPEN_OPTS_BYTES = 80;
/** Room for the verifier's log of one program (bytes). A longer one makes the load fail with ENOSPC instead of the reason. */
const VERIFIER_LOG_BYTES: number = 4 * 1024 * 1024;
/** End of the verifier's log that goes into an error: the refused instruction stands last. */
const SHOWN_LOG_LINES = 12;
const MAX_SHOWN_LOG = 2_000;
const F_DUPFD_CLOEXEC = 1030;

const OPEN = "void *bpf_object__open_file(const char *, void *)";
const NEXT_PROGRAM = "void *bpf_object__next_program(void *, void *)";
const FIND_MAP = "void *bpf_object__find_map_by_name(void *, const char *)";

/** A program of an object. */
export class BpfProgram {
  readonly name: string;
  /** ELF section, which says what it is attached to: "lsm.s/file_open". */
  readonly section: string;
  readonly #pointer: Pointer;

  constructor(pointer: Pointer) {
    this.#pointer = pointer;
    this.name = text("const char *bpf_program__name(void *)", pointer);
    this.section = text("const char *bpf_program__section_name(void *)", pointer);
  }

  /** Before the load: whether the program is loaded at all. */
  setAutoload(wanted: boolean): void {
    const call = bpfCall("int bpf_program__set_autoload(void *, bool)");
    checked(`set_autoload(${this.name})`, call(this.#pointer, wanted));
  }

  /** Before the load: the kernel function or LSM hook to attach to, in place of the section's. */
  setAttachTarget(target: string): void {
    const call = bpfCall("int bpf_program__set_attach_target(void *, int, const char *)");
    checked(`set_attach_target(${this.name}, ${target})`, call(this.#pointer, 0, target));
  }

  /** Descriptor of the loaded program, owned by the object. @throws BpfError CALL_FAILED when it is not loaded */
  get fd(): number {
    const fd = bpfCall("int bpf_program__fd(void *)")(this.#pointer);
    return checked(`fd of ${this.name}`, fd);
  }

  /** Attaches to what the section says. @throws BpfError CALL_FAILED */
  attach(): BpfLink {
    return this.#attached(`attach of ${this.name}`, () =>
      bpfPointerCall("void *bpf_program__attach(void *)")(this.#pointer),
    );
  }

  /** @throws BpfError CALL_FAILED */
  pin(path: string): void {
    const call = bpfCall("int bpf_obj_pin(int, const char *)");
    checked(`bpf_obj_pin(${path})`, call(this.fd, path));
  }

  #attached(what: string, attach: () => Pointer | null): BpfLink {
    const messages: string[] = [];
    let failure = 0;
    const link = withMessages(messages, () => {
      const made = attach();
      failure = made === null ? errno() : 0;
      return made;
    });
    if (link === null) throw BpfError.ofCall(what, failure, messages.join("; "));
    return BpfLink.taking(link);
  }
}

/** A map of an object. Before the load its size, pin path and inner map can be set; after it there is a descriptor. */
export class ObjectMap {
  readonly name: string;
  readonly #pointer: Pointer;

  constructor(name: string, pointer: Pointer) {
    this.name = name;
    this.#pointer = pointer;
  }

  setMaxEntries(count: number): void {
    const call = bpfCall("int bpf_map__set_max_entries(void *, uint)");
    checked(`set_max_entries(${this.name})`, call(this.#pointer, count));
  }

  /** Where the load pins the map, or takes the one that is pinned there. */
  setPinPath(path: string): void {
    const call = bpfCall("int bpf_map__set_pin_path(void *, const char *)");
    checked(`set_pin_path(${this.name})`, call(this.#pointer, path));
  }

  /** What the inner maps of a map of maps look like. */
  setInner(inner: BpfMap): void {
    const call = bpfCall("int bpf_map__set_inner_map_fd(void *, int)");
    checked(`set_inner_map_fd(${this.name})`, call(this.#pointer, inner.fd));
  }

  /** Takes an existing map in place of a new one. */
  reuse(map: BpfMap): void {
    const call = bpfCall("int bpf_map__reuse_fd(void *, int)");
    checked(`reuse_fd(${this.name})`, call(this.#pointer, map.fd));
  }

  /** The loaded map, with a descriptor of its own: it outlives the object. @throws BpfError CALL_FAILED */
  open(): BpfMap {
    const fd = checked(`fd of ${this.name}`, bpfCall("int bpf_map__fd(void *)")(this.#pointer));
    const copy = (libc().func("int fcntl(int, int, int)") as (...args: number[]) => number)(
      fd,
      F_DUPFD_CLOEXEC,
      0,
    );
    if (copy < 0) throw BpfError.ofCall("fcntl(F_DUPFD_CLOEXEC)", errno());
    return BpfMap.ofFd(copy);
  }
}

/** An object file. Closing it drops programs and maps that nothing else refers to (a pin, a link, a descriptor). */
export class BpfObject {
  readonly path: string;
  readonly programs: readonly BpfProgram[];
  readonly #pointer: Pointer;
  /** Written by the kernel during the load; referenced here so that it stays. */
  readonly #log: Buffer;
  #closed = false;

  private constructor(path: string, pointer: Pointer, log: Buffer) {
    this.path = path;
    this.#pointer = pointer;
    this.#log = log;
    const programs: BpfProgram[] = [];
    const next = bpfPointerCall(NEXT_PROGRAM);
    for (let at = next(pointer, null); at !== null; at = next(pointer, at))
      programs.push(new BpfProgram(at));
    this.programs = programs;
  }

  /** Reads an object file; nothing goes to the kernel yet. @throws BpfError NO_LIBBPF, CALL_FAILED */
  static open(path: string): BpfObject {
    const log = Buffer.alloc(VERIFIER_LOG_BYTES);
    const opts = Buffer.alloc(OPEN_OPTS_BYTES);
    opts.writeBigUInt64LE(BigInt(OPEN_OPTS_BYTES), 0);
    opts.writeBigUInt64LE(koffi.address(log), 56);
    opts.writeBigUInt64LE(BigInt(log.length), 64);
    const messages: string[] = [];
    let failure = 0;
    const pointer = withMessages(messages, () => {
      const made = bpfPointerCall(OPEN)(path, opts);
      failure = made === null ? errno() : 0;
      return made;
    });
    if (pointer === null)
      throw BpfError.ofCall(`opening ${quote(path)}`, failure, messages.join("; "));
    return new BpfObject(path, pointer, log);
  }

  /** @throws BpfError NOT_THERE */
  program(name: string): BpfProgram {
    const found = this.programs.find((program) => program.name === name);
    if (found === undefined) throw this.#notThere("program", name);
    return found;
  }

  /** Maps that programs name; without those that libbpf makes for variables. */
  get maps(): readonly ObjectMap[] {
    const found: ObjectMap[] = [];
    const next = bpfPointerCall("void *bpf_object__next_map(void *, void *)");
    const isInternal = bpfCall("bool bpf_map__is_internal(void *)");
    for (let at = next(this.#pointer, null); at !== null; at = next(this.#pointer, at)) {
      const name = text("const char *bpf_map__name(void *)", at);
      if (!isInternal(at)) found.push(new ObjectMap(name, at));
    }
    return found;
  }

  /** @throws BpfError NOT_THERE */
  map(name: string): ObjectMap {
    const pointer = bpfPointerCall(FIND_MAP)(this.#pointer, name);
    if (pointer === null) throw this.#notThere("map", name);
    return new ObjectMap(name, pointer);
  }

  /** Makes the maps and has the kernel verify the programs. @throws BpfError LOAD_REFUSED */
  load(): void {
    const messages: string[] = [];
    this.#log[0] = 0;
    const load = bpfCall("int bpf_object__load(void *)");
    const result = withMessages(messages, () => load(this.#pointer));
    if (result >= 0) return;
    const name = errnoName(errnoOf(result));
    const verifier = this.#log.toString("utf8", 0, Math.max(0, this.#log.indexOf(0))).trim();
    const shown = verifier.split("\n").slice(-SHOWN_LOG_LINES).join("\n").slice(-MAX_SHOWN_LOG);
    const why = [...messages, shown].filter((part) => part !== "").join("\n");
    throw Object.assign(
      new BpfError("LOAD_REFUSED", `the kernel refuses ${quote(this.path)} with ${name}: ${why}`, {
        facts: { call: "bpf_object__load", errno: name, log: verifier, messages },
      }),
      { errno: errnoOf(result) },
    );
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    bpfCall("void bpf_object__close(void *)")(this.#pointer);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #notThere(what: string, name: string): BpfError {
    return new BpfError("NOT_THERE", `${quote(this.path)} has no ${what} ${quote(name)}`);
  }
}

function text(declaration: string, pointer: Pointer): string {
  return bpfCall(declaration)(pointer) as unknown as string;
}
