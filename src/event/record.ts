// SPDX-License-Identifier: Apache-2.0
// Writes a security event as one line of JSON in the shape of a TSEM trajectory record: every scalar a string, modes octal,
// s_magic and capabilities hex, absent members left out. read-record.ts reads it back.
import type { DentryId, FileId, InodeId, PathId } from "./cell/file.ts";
import type { IpcPermId } from "./cell/ipc.ts";
import type { SockAddr, SockId } from "./cell/socket.ts";
import type { CredsId } from "./cell/task.ts";
import type { Coe } from "./coe.ts";
import type { SecurityEvent } from "./event.ts";
import { HOOKS } from "./hooks.ts";
import type { Field, FieldKind, KindValue } from "./layout.ts";

type Writers = { readonly [K in FieldKind]: (value: KindValue[K]) => string };

const decimal = (value: number | bigint): string => `"${value}"`;
const octal = (value: number): string => `"0${value.toString(8)}"`;
const hex = (value: number | bigint): string => `"0x${value.toString(16)}"`;
// Ends of lines and controls to somebody (U+0085, U+009B, U+2028, ...), and what changes the direction of writing: a record is one
// line to every reader, and can be shown as it is.
const HIDDEN = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const EACH_HIDDEN = new RegExp(HIDDEN, "g");

/** JSON.stringify writes lone surrogates as \uXXXX, so bytes that are not UTF-8 survive. */
function text(value: string): string {
  return shown(JSON.stringify(value));
}

/** JSON without characters that hide or turn what stands around them. */
export function shown(json: string): string {
  return HIDDEN.test(json) ? json.replace(EACH_HIDDEN, escaped) : json;
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
const list = (values: readonly (number | bigint)[]): string =>
  `[${values.map(decimal).join(", ")}]`;

const WRITE: Writers = {
  u16: decimal,
  u32: decimal,
  i32: decimal,
  mode: octal,
  u64: decimal,
  i64: decimal,
  mask: hex,
  text,
  base64: text,
  task: text,
  file: writeFile,
  inode: writeInode,
  path: writePath,
  dentry: writeDentry,
  sock: writeSock,
  addr: writeAddr,
  device: (d) => `{"major": "${d.major}", "minor": "${d.minor}"}`,
  attr: (a) =>
    `{"valid": "${a.valid}", "mode": ${octal(a.mode)}, "uid": "${a.uid}", "gid": "${a.gid}", "size": "${a.size}"}`,
  creds: writeCreds,
  perm: writePerm,
  u32s: list,
  u64s: list,
  rest: shown,
};

/**
 * One JSON object without a newline: `{"event": {...}, "COE": {...}, "<hook>": {...}}`. Always valid JSON, whatever bytes a name holds.
 * Members beyond TSEM's: `pid` and `tgid` in every record, `created` and `temporary` in a path, the cells of Galgo's own hooks (hooks.ts); a system call without a hook
 * has type and key `syscall` and carries its name in the cell.
 */
export function writeRecord(e: SecurityEvent): string {
  return (
    `{"event": {"pid": "${e.pid}", ${serial("tgid", e.tgid)}${serial("tnum", e.tnum)}` +
    `${serial("context", e.context)}${serial("number", e.number)}` +
    `"process": ${text(e.process)}, "type": "${e.hook}", ${serial("ttd", e.ttd)}${serial("p_ttd", e.pTtd)}` +
    `"task_id": ${text(e.task.taskId)}, "p_task_id": ${text(e.task.pTaskId)}, "ts": "${e.ts}"}, ` +
    `"COE": {${coeMembers(e.coe)}}, "${e.hook}": ${writeCell(e)}}`
  );
}

/** A number that only some sensors know. */
function serial(name: string, value: number | bigint | undefined): string {
  return value === undefined ? "" : `"${name}": "${value}", `;
}

function coeMembers(c: Coe): string {
  return (
    `"uid": "${c.uid}", "euid": "${c.euid}", "suid": "${c.suid}", "gid": "${c.gid}", "egid": "${c.egid}", ` +
    `"sgid": "${c.sgid}", "fsuid": "${c.fsuid}", "fsgid": "${c.fsgid}", "capeff": ${hex(c.capeff)}`
  );
}

function writeCreds(c: CredsId): string {
  return `{${coeMembers(c)}, "securebits": "${c.securebits}"}`;
}

function writePerm(p: IpcPermId): string {
  return (
    `{"uid": "${p.uid}", "gid": "${p.gid}", "cuid": "${p.cuid}", "cgid": "${p.cgid}", ` +
    `"mode": ${octal(p.mode)}, "owner": ${text(p.owner)}}`
  );
}

function writeCell(e: SecurityEvent): string {
  const parts: string[] = e.hook === "syscall" ? [`"name": ${text(e.syscall)}`] : [];
  const cell = e.cell as unknown as Readonly<Record<string, unknown>>;
  let group: string | undefined;
  let inGroup: string[] = [];
  for (const field of HOOKS[e.hook].cell) {
    const value = cell[field.member];
    if (value === undefined) continue;
    if (field.kind === "rest") return shown(String(value));
    if (field.group !== group) {
      closeGroup(parts, group, inGroup);
      group = field.group;
      inGroup = [];
    }
    (group === undefined ? parts : inGroup).push(writeField(field, value));
  }
  closeGroup(parts, group, inGroup);
  return `{${parts.join(", ")}}`;
}

function closeGroup(parts: string[], group: string | undefined, members: readonly string[]): void {
  if (group !== undefined) parts.push(`"${group}": {${members.join(", ")}}`);
}

function writeField(field: Field, value: unknown): string {
  const write = WRITE[field.kind] as (value: unknown) => string;
  return `"${field.json}": ${write(value)}`;
}

function writeInode(i: InodeId): string {
  const sId = i.sId === undefined ? "" : `, "s_id": ${text(i.sId)}`;
  const sUuid = i.sUuid === undefined ? "" : `, "s_uuid": ${text(i.sUuid)}`;
  return `{"uid": "${i.uid}", "gid": "${i.gid}", "mode": ${octal(i.mode)}, "s_magic": ${hex(i.sMagic)}${sId}${sUuid}}`;
}

function writePath(p: PathId): string {
  let out = "{";
  if (p.dev !== undefined) out += `"dev": ${WRITE.device(p.dev)}, `;
  if (p.owner !== undefined) out += `"owner": ${text(p.owner)}, `;
  if (p.instance !== undefined) out += `"instance": "${p.instance}", `;
  if (p.created !== undefined) out += `"created": ${text(p.created)}, `;
  if (p.type !== undefined) out += `"type": ${text(p.type)}, `;
  if (p.temporary !== undefined) out += `"temporary": ${text(p.temporary)}, `;
  return `${out}"pathname": ${text(p.pathname)}}`;
}

function writeDentry(d: DentryId): string {
  const inode = d.inode === undefined ? "" : `"inode": ${writeInode(d.inode)}, `;
  return `{${inode}"path": ${writePath(d.path)}}`;
}

function writeFile(f: FileId): string {
  return (
    `{"flags": "${f.flags}", "inode": ${writeInode(f.inode)}, "path": ${writePath(f.path)}, ` +
    `"digest": ${text(f.digest)}}`
  );
}

function writeSock(s: SockId): string {
  const owner = s.owner === undefined ? "" : `, "owner": ${text(s.owner)}`;
  return `{"family": "${s.family}", "type": "${s.type}", "protocol": "${s.protocol}"${owner}}`;
}

function writeAddr(a: SockAddr): string {
  switch (a.family) {
    case "inet":
      return `{"af_inet": {"port": "${a.port}", "address": "${a.address}"}}`;
    case "inet6": {
      const flow = a.flow === undefined ? "" : `, "flow": "${a.flow}"`;
      const scope = a.scope === undefined ? "" : `, "scope": "${a.scope}"`;
      return `{"af_inet6": {"port": "${a.port}"${flow}${scope}, "address": ${text(a.address)}}}`;
    }
    case "unix":
      return `{"af_unix": {"address": ${text(a.address)}}}`;
    case "other":
      return `{"af_other": {"address": ${text(a.digest)}}}`;
  }
}
