// SPDX-License-Identifier: Apache-2.0
// What is done with sockets, in words.
import { addressWords, socketWords } from "./address-words.ts";
import type { SocketCells, SocketOptionCell, UnixPeerCell } from "./cell/socket.ts";
import type { EventOf } from "./event.ts";
import { nameOf, SOCKET_LEVELS, SOCKET_OPTIONS } from "./names-table.ts";
import { makerWords, type ProgramNames, type WordsOf } from "./program-names.ts";

const SOL_SOCKET = 1;
const SHUTDOWNS = ["stops receiving on", "stops sending on", "shuts down"];

/** A message or a connection, and with whom when the kernel says it. */
function withAddress(
  { hook, cell: { addr, sock } }: EventOf<"socket_accept" | "socket_sendmsg" | "socket_recvmsg">,
  alone: string,
  before: string,
): string {
  const what = addr === undefined ? alone : `${before} ${addressWords(hook, addr)}`;
  return `${what} (${socketWords(sock)})`;
}

function optionWords({ sock, level, optname }: SocketOptionCell): string {
  const name = level === SOL_SOCKET ? nameOf(SOCKET_OPTIONS, optname) : `${optname}`;
  const of = level === SOL_SOCKET ? "" : ` of ${nameOf(SOCKET_LEVELS, level)}`;
  return `sets option ${name}${of} on a socket (${socketWords(sock)})`;
}

function peerWords(verb: string, { sock, other }: UnixPeerCell, names: ProgramNames): string {
  return `${verb} a socket${makerWords(other.owner, names)} (${socketWords(sock)})`;
}

/** What is done with sockets. */
export const SOCKET_WORDS: WordsOf<SocketCells> = {
  socket_create: (e) => `creates a socket (${socketWords(e.cell)})`,
  socket_socketpair: (e) => `creates a pair of sockets (${socketWords(e.cell.socka)})`,
  socket_connect: ({ hook, cell }) =>
    `connects to ${addressWords(hook, cell.addr)} (${socketWords(cell.sock)})`,
  socket_bind: ({ hook, cell }) =>
    `binds to ${addressWords(hook, cell.addr)} (${socketWords(cell.sock)})`,
  socket_accept: (e) => withAddress(e, "accepts a connection", "accepts a connection on"),
  socket_listen: ({ cell }) =>
    `listens for connections (${socketWords(cell.sock)}, backlog ${cell.backlog})`,
  socket_sendmsg: (e) => withAddress(e, "sends a message", "sends to"),
  socket_recvmsg: (e) => withAddress(e, "receives a message", "receives from"),
  socket_getsockname: (e) => `asks for the address of a socket (${socketWords(e.cell.sock)})`,
  socket_getpeername: (e) => `asks whom a socket is connected to (${socketWords(e.cell.sock)})`,
  socket_setsockopt: (e) => optionWords(e.cell),
  socket_shutdown: ({ cell }) =>
    `${SHUTDOWNS[cell.how] ?? "shuts down"} a socket (${socketWords(cell.sock)})`,
  unix_stream_connect: (e, names) => peerWords("connects to", e.cell, names),
  unix_may_send: (e, names) => peerWords("sends to", e.cell, names),
};
