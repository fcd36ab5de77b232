// SPDX-License-Identifier: Apache-2.0
// Must-have behaviours: what somebody says a workload has to have done for a model of it to be of use, as one word.
//
//   USE            exec, open, read, write, create, remove, connect, bind, listen, accept, signal, hook
//   USE:WHAT       files: a pathname; sockets: HOST:PORT, PORT, or the name of a unix socket; signal: TERM; hook: sb_mount
//
// In pathnames and hosts `*` stands for any characters but `/`, `**` for any at all, `?` for one, `\` takes the meaning of the next away.
// A pathname that does not begin with `/` or `*` is looked for in any directory.
import { quote } from "../../base/quote.ts";
import type { SockAddr } from "../../event/cell/socket.ts";
import { addressWords, isHookName, portOf, type SecurityEvent } from "../../event/index.ts";
import { MAX_REQUIREMENT_CHARS } from "./completeness-limits.ts";
import { ModelError } from "../errors.ts";
import { isProgramUse, opensForWriting } from "../rules/file-use.ts";
import { globTest, type TextTest } from "./glob.ts";

/** Sockets that listen and connections that came, of the run that an event belongs to: an event alone does not tell. */
export interface RunContext {
  /** TASK_IDs of programs that listen. */
  readonly listeners: ReadonlySet<string>;
  /** Somebody connected to this accept. */
  accepted(e: SecurityEvent): boolean;
}

export interface Requirement {
  /** As it was given. */
  readonly text: string;
  /** True when `e` is what is required. */
  metBy(e: SecurityEvent, run: RunContext): boolean;
}

type Test = (e: SecurityEvent, run: RunContext) => boolean;
type AddressTest = (hook: SecurityEvent["hook"], addr: SockAddr | undefined) => boolean;

const FILE_USES = new Set(["exec", "open", "read", "write", "create", "remove"]);
const SOCKET_USES = new Set(["connect", "bind", "listen", "accept"]);
const USES = [...FILE_USES, ...SOCKET_USES, "signal", "hook"];

const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const O_ACCMODE = 3;
const O_PATH = 0o10000000;
const MAX_PORT = 65535;
const SIZE = 8;

/**
 * Reads one requirement.
 * @throws ModelError BAD_REQUIREMENT, which says what is wrong and what is allowed
 */
export function parseRequirement(text: string): Requirement {
  if (text.length > MAX_REQUIREMENT_CHARS)
    throw bad(text, `is longer than ${MAX_REQUIREMENT_CHARS} characters`);
  const colon = text.indexOf(":");
  const use = colon < 0 ? text : text.slice(0, colon);
  const what = colon < 0 ? undefined : text.slice(colon + 1);
  if (!USES.includes(use)) throw bad(text, `must begin with one of ${USES.join(", ")}`);
  if (what === "") throw bad(text, "says nothing after the colon");
  return { text, metBy: testOf(text, use, what) };
}

function bad(text: string, why: string): ModelError {
  return new ModelError(
    "BAD_REQUIREMENT",
    `the requirement ${quote(text, 100)} ${why}; examples: exec:/usr/bin/git, write:/var/lib/app/**, connect:*:5432, listen:8080, accept`,
  );
}

function testOf(text: string, use: string, what: string | undefined): Test {
  if (FILE_USES.has(use)) return fileTest(use, what === undefined ? () => true : pathTest(what));
  if (use === "listen" && what === undefined) return (e) => e.hook === "socket_listen";
  if (SOCKET_USES.has(use))
    return socketTest(use, what === undefined ? () => true : addressTest(text, what));
  if (use === "signal") return signalTest(text, what);
  if (what === undefined || !isHookName(what))
    throw bad(text, "needs the name of a hook, as docs/reference/hooks.md lists them");
  return (e) => e.hook === what;
}

function pathTest(what: string): TextTest {
  return globTest(/^[/*]/.test(what) ? what : `**/${what}`);
}

function fileTest(use: string, path: TextTest): Test {
  switch (use) {
    case "exec":
      return (e) =>
        e.hook === "file_open" && isProgramUse(e.hook, e.cell.file.flags) && onFile(e, path);
    case "open":
      return (e) => isPlainOpen(e) && onFile(e, path);
    case "read":
      return (e) => isPlainOpen(e) && (e.cell.file.flags & O_ACCMODE) !== 1 && onFile(e, path);
    case "write":
      return (e) => writes(e, path);
    case "create":
      return (e) => creates(e, path);
    default:
      return (e) => removes(e, path);
  }
}

type FileOpen = Extract<SecurityEvent, { hook: "file_open" }>;

function onFile({ cell: { file } }: FileOpen, path: TextTest): boolean {
  return path(file.path.pathname);
}

function isPlainOpen(e: SecurityEvent): e is FileOpen {
  if (e.hook !== "file_open") return false;
  const { flags } = e.cell.file;
  return !isProgramUse(e.hook, flags) && (flags & O_PATH) === 0;
}

function writes(e: SecurityEvent, path: TextTest): boolean {
  if (isPlainOpen(e)) {
    const { flags } = e.cell.file;
    return (opensForWriting(flags) || (flags & O_TRUNC) !== 0) && onFile(e, path);
  }
  if (e.hook === "inode_setattr")
    return (e.cell.attr.valid & SIZE) !== 0 && path(e.cell.dentry.path.pathname);
  return creates(e, path);
}

function creates(e: SecurityEvent, path: TextTest): boolean {
  switch (e.hook) {
    case "inode_create":
    case "inode_mkdir":
    case "inode_symlink":
    case "inode_mknod":
      return path(e.cell.dentry.path.pathname);
    case "inode_link":
    case "inode_rename":
      return path(e.cell.newDentry.path.pathname);
    case "file_open":
      return isPlainOpen(e) && (e.cell.file.flags & O_CREAT) !== 0 && onFile(e, path);
    default:
      return false;
  }
}

function removes(e: SecurityEvent, path: TextTest): boolean {
  if (e.hook === "inode_unlink" || e.hook === "inode_rmdir")
    return path(e.cell.dentry.path.pathname);
  return e.hook === "inode_rename" && path(e.cell.oldDentry.path.pathname);
}

function socketTest(use: string, address: AddressTest): Test {
  switch (use) {
    case "connect":
      return (e) => e.hook === "socket_connect" && address(e.hook, e.cell.addr);
    case "bind":
      return (e) => e.hook === "socket_bind" && address(e.hook, e.cell.addr);
    case "accept":
      return (e, run) =>
        e.hook === "socket_accept" && address(e.hook, e.cell.addr) && run.accepted(e);
    default:
      // the kernel asks about listening without the address; a bound socket of a program that listens tells it
      return (e, run) =>
        e.hook === "socket_bind" &&
        run.listeners.has(e.task.taskId) &&
        address(e.hook, e.cell.addr);
  }
}

/** HOST:PORT, PORT, [HOST6]:PORT, a pathname, or @name for an abstract socket. */
function addressTest(text: string, what: string): AddressTest {
  if (/^[/@]/.test(what)) return unixTest(what);
  const [, host, ports] = /^(?:(.*):)?([^:\]]+)$/.exec(what) ?? [];
  if (ports === undefined) throw bad(text, "has no port; * stands for any");
  const port = portTest(text, ports);
  const hosts = hostTest(text, host ?? "*");
  return (hook, addr) => {
    if (addr?.family !== "inet" && addr?.family !== "inet6") return false;
    return port(portOf(hook, addr)) && hosts(hostOf(hook, addr));
  };
}

function unixTest(what: string): AddressTest {
  const name = globTest(what);
  return (_, addr) =>
    addr?.family === "unix" &&
    name(addr.address.startsWith("\0") ? `@${addr.address.slice(1)}` : addr.address);
}

/** A port, a range FROM-TO, or *. */
function portTest(text: string, ports: string): (port: number) => boolean {
  if (ports === "*") return () => true;
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(ports) ?? [];
  const [from, to] = [Number(first), Number(last ?? first)];
  if (!(from <= to && to <= MAX_PORT))
    throw bad(text, `has no port in ${quote(ports)}: a number up to ${MAX_PORT}, FROM-TO or *`);
  return (port) => from <= port && port <= to;
}

function hostTest(text: string, host: string): TextTest {
  const plain = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  if (!/^(?=.*[.:*?])[0-9a-fA-F.:*?]+$/.test(plain))
    throw bad(text, `has no address in ${quote(host)}: events know addresses, not names`);
  return globTest(plain.toLowerCase());
}

/** The address alone, without brackets and scope. */
function hostOf(hook: SecurityEvent["hook"], addr: SockAddr): string {
  const words = addressWords(hook, addr);
  const host = words.slice(0, words.lastIndexOf(":"));
  return host.replace(/^\[|(?:%\d+)?\]$/g, "").replace(/^::ffff:(?=\d+\.)/, "");
}

/** `text` and the words of an event agree on what a signal is called. */
function signalTest(text: string, what: string | undefined): Test {
  if (what === undefined) return (e) => e.hook === "task_kill";
  const number = /^\d{1,2}$/.test(what)
    ? Number(what)
    : SIGNAL_NUMBERS.get(what.replace(/^SIG/, ""));
  if (number === undefined) throw bad(text, `knows no signal ${quote(what)}`);
  return (e) => e.hook === "task_kill" && e.cell.sig === number;
}

const SIGNAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ["HUP", 1],
  ["INT", 2],
  ["QUIT", 3],
  ["ABRT", 6],
  ["KILL", 9],
  ["USR1", 10],
  ["USR2", 12],
  ["PIPE", 13],
  ["ALRM", 14],
  ["TERM", 15],
  ["CHLD", 17],
  ["CONT", 18],
  ["STOP", 19],
  ["TSTP", 20],
  ["WINCH", 28],
]);
