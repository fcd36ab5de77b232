// SPDX-License-Identifier: Apache-2.0
// A recorded stream that is made, not recorded: export records in the spelling of a TSEM v4 kernel, about 900 bytes each, of hooks, programs
// and users in the mixture of a small server. Every record has a pid, number and time of its own; how many behaviours there are can be said.

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/** A digest-like text that is the same for the same number, 64 hex digits. */
function digestOf(kind: number, value: number): string {
  let word = (Math.imul(kind + 1, 0x9e3779b1) ^ Math.imul(value + 1, 0x85ebca6b)) >>> 0;
  let text = "";
  for (let i = 0; i < 8; i++) {
    word = (Math.imul(word ^ (word >>> 15), 0x2c1b3c6d) + 0x297a2d39) >>> 0;
    text += hex(word, 8);
  }
  return text;
}

const inode = (uid: number, mode: string): string =>
  `{"uid": "${uid}", "gid": "${uid}", "mode": "${mode}", "s_magic": "0xef53", "s_id": "vda1", "s_uuid": "11111111222233334444555555555555"}`;
const path = (name: string): string =>
  `{"dev": {"major": "254", "minor": "1"}, "pathname": "${name}"}`;
const file = (b: number, name: string): string =>
  `{"flags": "${32768 + (b % 3)}", "inode": ${inode(b % 2, "0100644")}, "path": ${path(name)}, "digest": "${digestOf(3, b)}"}`;
const sock = (b: number): string =>
  `{"family": "2", "type": "1", "protocol": "6", "owner": "${digestOf(1, b % 20)}"}`;

const named = (b: number): string =>
  `/srv/application/releases/current/node_modules/package-${b % 97}/lib/modules/part-${b}.js`;

/** Shares of hooks in a hundred records, and how the CELL of a behaviour is written. */
const MIXTURE: readonly (readonly [number, string, (b: number) => string])[] = [
  [40, "file_open", (b) => `{"file": ${file(b, named(b))}}`],
  [
    15,
    "mmap_file",
    (b) =>
      `{"file": ${file(b, `/usr/lib/x86_64-linux-gnu/lib${b}.so.6.0.30`)}, "prot": "${1 + (b % 5)}", "flags": "2"}`,
  ],
  [
    10,
    "inode_getattr",
    (b) => `{"path": {"inode": ${inode(b % 3, "0100644")}, "path": ${path(named(b))}}}`,
  ],
  [
    5,
    "inode_create",
    (b) =>
      `{"dir": ${inode(0, "040755")}, "dentry": {"path": ${path(`/var/lib/application/state-${b}.db`)}}, "mode": "0100644"}`,
  ],
  [
    5,
    "inode_unlink",
    (b) =>
      `{"dir": ${inode(0, "040755")}, "dentry": {"inode": ${inode(0, "0100644")}, "path": ${path(`/var/lib/application/state-${b}.db`)}}}`,
  ],
  [5, "file_ioctl", (b) => `{"file": ${file(b, "/dev/tty")}, "cmd": "${21505 + b}"}`],
  [
    5,
    "socket_connect",
    (b) =>
      `{"sock": ${sock(b)}, "addr": {"af_inet": {"port": "47873", "address": "${16777226 + b}"}}}`,
  ],
  [
    5,
    "socket_sendmsg",
    (b) =>
      `{"sock": ${sock(b)}, "addr": {"af_inet": {"port": "${b & 0xffff}", "address": "16777343"}}}`,
  ],
  [5, "task_kill", (b) => `{"target": "${digestOf(1, b)}", "sig": "15", "cross_ns": "0"}`],
  [5, "capable", (b) => `{"cap": "${b % 41}", "opts": "${b}"}`],
];
const PROGRAMS = ["node", "sh", "git", "nginx", "postgres", "cron", "python3", "make"] as const;

/** The hook of a behaviour: by its place in the mixture. */
function kindOf(behaviour: number): (typeof MIXTURE)[number] {
  let place = Math.imul(behaviour, 61) % 100;
  if (place < 0) place += 100;
  for (const kind of MIXTURE) {
    place -= kind[0];
    if (place < 0) return kind;
  }
  throw new Error("the mixture has less than a hundred parts");
}

/** The part of a record that a behaviour decides: from `type` on, but for the time. */
export interface Behaviour {
  readonly process: string;
  readonly head: string;
  readonly tail: string;
}

export function behaviour(b: number): Behaviour {
  const [, hook, cell] = kindOf(b);
  const program = b % PROGRAMS.length;
  const task = `"task_id": "${digestOf(1, program)}", "p_task_id": "${digestOf(1, (program + 1) % 4)}"`;
  const uid = program < 3 ? 1000 : program;
  const ids = `"uid": "${uid}", "euid": "${uid}", "suid": "${uid}", "gid": "${uid}", "egid": "${uid}", "sgid": "${uid}", "fsuid": "${uid}", "fsgid": "${uid}"`;
  return {
    process: PROGRAMS[program] ?? "",
    head: `"type": "${hook}", "ttd": "${30 + program}", "p_ttd": "${20 + program}", ${task}, "ts": "`,
    tail: `"}, "COE": {${ids}, "capeff": "${program < 3 ? "0x0" : "0x1ffffffffff"}"}, "${hook}": ${cell(b)}}\n`,
  };
}

export interface StreamShape {
  readonly records: number;
  /** Different behaviours; they come again and again in a mixed order. */
  readonly behaviours: number;
}

/** The records of a stream in pieces of about a MiB. */
export function* streamText({ records, behaviours }: StreamShape): Generator<Buffer> {
  const known = new Map<number, Behaviour>();
  let text = `{"export": {"type": "aggregate"}, "aggregate": {"value": "${"0".repeat(64)}"}}\n`;
  for (let i = 0; i < records; i++) {
    // the first round meets all of them, later ones in another order
    const b = i < behaviours ? i : Math.imul(i, 7919) % behaviours;
    let made = known.get(b);
    if (made === undefined) {
      made = behaviour(b);
      if (behaviours <= 10_000) known.set(b, made);
    }
    text +=
      `{"export": {"type": "event"}, "event": {"pid": "${300 + (i % 30_000)}", "context": "2", "number": "${i + 1}", ` +
      `"process": "${made.process}", ${made.head}${4_131_922 + i * 1_871}${made.tail}`;
    if (text.length > 1_048_576) {
      yield Buffer.from(text, "latin1");
      text = "";
    }
  }
  if (text !== "") yield Buffer.from(text, "latin1");
}
