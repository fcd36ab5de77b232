// SPDX-License-Identifier: Apache-2.0
// Objects of the Open Cybersecurity Schema Framework, made of what a record tells: process, file, user, device, container, endpoint.
import { hostname } from "node:os";
import { portOf } from "../../../event/index.ts";
import type { FileId, HookName, SecurityEvent, SockAddr } from "../../../event/index.ts";
import type { Entry } from "../journal/entry.ts";

const S_IFMT = 0o170000;
/** type_id of a file by the type of its inode. */
const FILE_TYPES: ReadonlyMap<number, readonly [number, string]> = new Map([
  [0o100000, [1, "Regular File"]],
  [0o040000, [2, "Folder"]],
  [0o020000, [3, "Character Device"]],
  [0o060000, [4, "Block Device"]],
  [0o140000, [5, "Local Socket"]],
  [0o010000, [6, "Named Pipe"]],
  [0o120000, [7, "Symbolic Link"]],
]);
const UNKNOWN: readonly [number, string] = [0, "Unknown"];
/** algorithm_id of a digest by its length (hex digits). */
const ALGORITHMS: Readonly<Record<number, readonly [number, string]>> = {
  64: [3, "SHA-256"],
  128: [4, "SHA-512"],
};
const OTHER: readonly [number, string] = [99, "Other"];

export function fileOf(path: string, file?: FileId): object {
  const [type, typeName] =
    (file === undefined ? undefined : FILE_TYPES.get(file.inode.mode & S_IFMT)) ?? UNKNOWN;
  const name = path.split("/").at(-1);
  return {
    // the root directory has no other name
    name: name === undefined || name === "" ? path : name,
    path,
    type_id: type,
    type: typeName,
    ...(file === undefined || file.digest === "" ? {} : { hashes: [hashOf(file.digest)] }),
  };
}

function hashOf(digest: string): object {
  const [id, name] = ALGORITHMS[digest.length] ?? OTHER;
  return { algorithm_id: id, algorithm: name, value: digest };
}

/** The process of an event; `file`: the program that it runs now. */
export function processOf(entry: Entry, event: SecurityEvent, file?: FileId): object {
  const path = file?.path.pathname ?? entry.program;
  const container = containerOf(entry);
  return {
    pid: event.tgid ?? event.pid,
    tid: event.pid,
    name: event.process,
    uid: event.task.taskId,
    ...(path === undefined ? {} : { file: fileOf(path, file) }),
    user: userOf(event),
    ...(container === undefined ? {} : { container }),
  };
}

export function actorOf(entry: Entry, event: SecurityEvent): object {
  return { process: processOf(entry, event), user: userOf(event) };
}

function userOf({ coe }: SecurityEvent): object {
  return {
    uid: String(coe.euid),
    ...(coe.euid === 0
      ? { name: "root", type_id: 2, type: "Admin" }
      : { type_id: 0, type: "Unknown" }),
    groups: [{ uid: String(coe.egid) }],
  };
}

/** This machine. */
export function deviceOf(): object {
  return {
    hostname: hostname(),
    type_id: 0,
    type: "Unknown",
    os: { name: "Linux", type_id: 200, type: "Linux" },
  };
}

export function containerOf({ workload }: Entry): object | undefined {
  const container = workload?.container;
  if (container === undefined) return undefined;
  const { id, image, imageDigest, runtime } = container;
  return {
    uid: id,
    ...(runtime === undefined ? {} : { runtime }),
    ...(image === undefined && imageDigest === undefined
      ? {}
      : { image: { uid: imageDigest ?? image, ...(image === undefined ? {} : { name: image }) } }),
  };
}

/** Where a socket call goes to; undefined when the address is not told. */
export function endpointOf(hook: HookName, address: SockAddr): object | undefined {
  switch (address.family) {
    case "inet":
      return { ip: dotted(address.address), port: portOf(hook, address) };
    case "inet6":
      return { ip: colons(address.address), port: portOf(hook, address) };
    case "unix":
      return { name: address.address };
    case "other":
      return undefined;
  }
}

function dotted(raw: number): string {
  return [0, 8, 16, 24].map((shift) => (raw >>> shift) & 0xff).join(".");
}

function colons(hex: string): string {
  return hex.match(/.{4}/g)?.join(":") ?? hex;
}
