// SPDX-License-Identifier: Apache-2.0
// The mounted tree: a directory for each namespace, named by its id, with TSEM's files in it; beside them a link for each name that only one
// namespace has. Reads and writes are checked by the kernel against owner and mode (default_permissions).
import { FOPEN_DIRECT_IO, OPCODE } from "../../native/fuse-wire.ts";
import { readCommand } from "./commands.ts";
import { ERRNO, FileError } from "./errors.ts";
import {
  DIRECTORY_MODE,
  FILE_NAMES,
  isRecords,
  isValue,
  LINK_MODE,
  modeOf,
  pointsText,
  ROOT_MODE,
  valueText,
} from "./files.ts";
import { MAX_READ_BYTES } from "./limits.ts";
import { attributesReply, entriesReply, entryReply, openReply, writtenReply } from "./messages.ts";
import type { Attributes, DirectoryEntry } from "./messages.ts";
import { Namespaces } from "./namespaces.ts";
import type { ShownNamespace } from "./namespaces.ts";
import { namespaceNumber, nodeOf, numberOf, ROOT } from "./nodes.ts";
import type { FileNode, MemberNode, Node } from "./nodes.ts";
import type { FuseHandler, FuseRequest } from "./session.ts";
import type { NamespaceSource } from "./source.ts";
import type { RecordSpool } from "./spool.ts";

/** SYMLINK, MKNOD, MKDIR, UNLINK, RMDIR, RENAME, LINK, CREATE, RENAME2: which files there are is nobody's choice. */
const CHANGES_TREE: ReadonlySet<number> = new Set([6, 8, 9, 10, 11, 12, 13, 35, 45]);
/** FATTR_MODE, FATTR_UID, FATTR_GID */
const MODE_OR_OWNER = 7;
const O_ACCMODE = 3;
const O_WRONLY = 1;

/** What is behind an open file. */
type Handle =
  | { readonly kind: "directory"; readonly entries: readonly DirectoryEntry[] }
  | { readonly kind: "text"; readonly text: Buffer }
  | {
      readonly kind: "records";
      readonly spool: RecordSpool;
      readonly namespace: ShownNamespace;
      readonly file: "trajectory" | "forensics";
    }
  | { readonly kind: "control"; readonly namespace: ShownNamespace };

export class Filesystem implements FuseHandler {
  readonly #source: NamespaceSource;
  readonly #namespaces: Namespaces;
  readonly #handles = new Map<number, Handle>();
  readonly #mounted = Date.now();
  /** User whose the top directory is. */
  readonly #owner: number;
  #lastHandle = 0;

  constructor(source: NamespaceSource, owner: number) {
    this.#source = source;
    this.#owner = owner;
    this.#namespaces = new Namespaces(source);
  }

  async answer(request: FuseRequest): Promise<Buffer | undefined> {
    const { opcode, node, body } = request;
    switch (opcode) {
      case OPCODE.LOOKUP:
        return entryReply(await this.#lookup(node, textUpToNul(body)));
      case OPCODE.GETATTR:
        return attributesReply(await this.#attributes(this.#node(node)));
      case OPCODE.READLINK:
        return Buffer.from(this.#linked(node).id);
      case OPCODE.OPENDIR:
        return openReply(this.#keep(await this.#directory(this.#node(node))));
      case OPCODE.OPEN:
        return openReply(
          this.#keep(await this.#open(this.#node(node), body.readUInt32LE(0))),
          FOPEN_DIRECT_IO,
        );
      case OPCODE.READ:
      case OPCODE.READDIR:
        return this.#read(body);
      case OPCODE.WRITE:
        return writtenReply(await this.#write(request));
      case OPCODE.RELEASE:
      case OPCODE.RELEASEDIR:
        return this.#release(Number(body.readBigUInt64LE(0)));
      case OPCODE.FLUSH:
        return undefined;
      case OPCODE.SETATTR:
        return attributesReply(await this.#change(this.#node(node), body.readUInt32LE(0)));
      default:
        // for most of what is not there the kernel does not ask again
        throw new FileError(CHANGES_TREE.has(opcode) ? ERRNO.refused : ERRNO.notHere);
    }
  }

  forget(node: number, times: number): void {
    if (node !== ROOT) this.#namespaces.forget(namespaceNumber(node), times);
  }

  undelivered({ opcode }: FuseRequest, answer: Buffer): void {
    if (opcode !== OPCODE.LOOKUP && opcode !== OPCODE.OPEN && opcode !== OPCODE.OPENDIR) return;
    // in all of these answers the number comes first
    const number = Number(answer.readBigUInt64LE(0));
    if (opcode === OPCODE.LOOKUP) this.forget(number, 1);
    else this.#release(number);
  }

  close(): void {
    this.#handles.clear();
    this.#namespaces.close();
  }

  // --- names and nodes ------------------------------------------------------------------------------------------------

  #node(number: number): Node {
    return nodeOf(this.#namespaces, number);
  }

  #linked(number: number): ShownNamespace {
    const node = this.#node(number);
    if (node.kind !== "link") throw new FileError(ERRNO.badCommand);
    return node.namespace;
  }

  async #lookup(parent: number, name: string): Promise<Attributes> {
    const node = this.#node(parent);
    const found = await this.#named(node, name);
    if (found.kind !== "root") found.namespace.known += 1;
    try {
      return await this.#attributes(found);
    } catch (error) {
      if (found.kind !== "root") this.#namespaces.forget(found.namespace.number, 1);
      throw error;
    }
  }

  async #named(parent: Node, name: string): Promise<Node> {
    if (parent.kind === "directory") {
      const file = FILE_NAMES.find((known) => known === name);
      if (file !== undefined) return { kind: "file", namespace: parent.namespace, file };
    } else if (parent.kind === "root") {
      const list = await this.#namespaces.list();
      const namespace = list.find(({ id }) => id === name);
      if (namespace !== undefined) return { kind: "directory", namespace };
      const linked = (await this.#namespaces.names()).get(name);
      if (linked !== undefined) return { kind: "link", namespace: linked };
    }
    throw new FileError(ERRNO.noEntry);
  }

  async #attributes(node: Node): Promise<Attributes> {
    if (node.kind === "root")
      return { node: ROOT, mode: ROOT_MODE, uid: this.#owner, size: 0, changed: this.#mounted };
    const { status } = node.namespace;
    const common = { node: numberOf(node), uid: status.owner };
    const started = Date.parse(status.started);
    if (node.kind === "directory")
      return { ...common, mode: DIRECTORY_MODE, size: 0, changed: started };
    if (node.kind === "link")
      return { ...common, mode: LINK_MODE, size: status.id.length, changed: started };
    return { ...common, mode: modeOf(node.file), ...(await this.#extent(node)) };
  }

  /** A file that has grown has to show it: readers like tail look at nothing else. */
  async #extent(node: FileNode): Promise<{ size: number; changed: number }> {
    const { file, namespace } = node;
    if (isRecords(file)) return namespace.records(file);
    const changed = Date.now();
    if (file === "control") return { size: 0, changed };
    if (namespace.ended) return { size: 0, changed };
    if (!isValue(file)) return { size: pointsText(file, await namespace.points()).length, changed };
    await this.#namespaces.list();
    return { size: valueText(file, namespace.status).length, changed };
  }

  /** Owner, mode and size are what they are; but some open a file to write and cut it off afterwards, which means nothing to `control`. */
  #change(node: Node, changes: number): Promise<Attributes> {
    const isControl = node.kind === "file" && node.file === "control";
    if (!isControl || (changes & MODE_OR_OWNER) !== 0) throw new FileError(ERRNO.refused);
    return this.#attributes(node);
  }

  // --- open files -----------------------------------------------------------------------------------------------------

  #keep(handle: Handle): number {
    this.#lastHandle += 1;
    this.#handles.set(this.#lastHandle, handle);
    return this.#lastHandle;
  }

  async #directory(node: Node): Promise<Handle> {
    const self = { name: ".", node: node.kind === "root" ? ROOT : numberOf(node), mode: ROOT_MODE };
    const entries: DirectoryEntry[] = [self, { name: "..", node: ROOT, mode: ROOT_MODE }];
    if (node.kind === "root") {
      for (const namespace of await this.#namespaces.list())
        entries.push(entryOf({ kind: "directory", namespace }, namespace.id, DIRECTORY_MODE));
      for (const [name, namespace] of await this.#namespaces.names())
        entries.push(entryOf({ kind: "link", namespace }, name, LINK_MODE));
    } else if (node.kind === "directory" && !node.namespace.ended) {
      const { namespace } = node;
      for (const file of FILE_NAMES)
        entries.push(entryOf({ kind: "file", namespace, file }, file, modeOf(file)));
    }
    return { kind: "directory", entries };
  }

  async #open(node: Node, flags: number): Promise<Handle> {
    if (node.kind !== "file") throw new FileError(ERRNO.denied);
    const { file, namespace } = node;
    const access = flags & O_ACCMODE;
    // root passes every check of modes; these files are one way all the same
    if (access !== (file === "control" ? O_WRONLY : 0)) throw new FileError(ERRNO.denied);
    if (file === "control") return { kind: "control", namespace };
    if (isRecords(file))
      return { kind: "records", spool: await namespace.openRecords(file), namespace, file };
    if (isValue(file))
      return { kind: "text", text: valueText(file, await this.#source.status(namespace.id)) };
    return { kind: "text", text: pointsText(file, await this.#source.points(namespace.id)) };
  }

  /** struct fuse_read_in, also for directories: file handle, offset, size. */
  #read(body: Buffer): Buffer {
    const handle = this.#handles.get(Number(body.readBigUInt64LE(0)));
    const at = Number(body.readBigUInt64LE(8));
    const room = Math.min(body.readUInt32LE(16), MAX_READ_BYTES);
    switch (handle?.kind) {
      case "directory":
        return entriesReply(handle.entries, at, room);
      case "text":
        return handle.text.subarray(at, at + room);
      case "records":
        return handle.spool.read(at, room);
      default:
        throw new FileError(ERRNO.denied);
    }
  }

  /**
   * struct fuse_write_in: file handle, offset, size; content from byte 40 on. Complete lines are carried out in order. The bytes of those
   * that were are the answer, so that who wrote several lines comes back with the rest and is told what is wrong with the next one.
   */
  async #write({ pid, body }: FuseRequest): Promise<number> {
    const handle = this.#handles.get(Number(body.readBigUInt64LE(0)));
    if (handle?.kind !== "control" || pid === 0) throw new FileError(ERRNO.denied);
    const content = body.subarray(40, 40 + body.readUInt32LE(16));
    let done = 0;
    while (done < content.length) {
      const command = readCommand(content.subarray(done));
      try {
        if (command === undefined) throw new FileError(ERRNO.badCommand);
        await this.#source.control(handle.namespace.id, command.order, pid);
      } catch (error) {
        if (done === 0) throw error;
        return done;
      }
      done += command.bytes;
    }
    return done;
  }

  #release(number: number): undefined {
    const handle = this.#handles.get(number);
    this.#handles.delete(number);
    if (handle?.kind === "records") {
      handle.namespace.closeRecords(handle.file);
      this.#namespaces.release(handle.namespace);
    }
    return undefined;
  }
}

function entryOf(node: MemberNode, name: string, mode: number): DirectoryEntry {
  return { name, node: numberOf(node), mode };
}

/** The name in a LOOKUP. Names of ours are ASCII: any other is found by nobody. */
function textUpToNul(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString("latin1", 0, end < 0 ? body.length : end);
}
