// SPDX-License-Identifier: Apache-2.0
// Hooks about sockets.
import type { SocketCells } from "../cell/socket.ts";
import type { HookSpecs } from "../layout.ts";

const ADDRESS = [
  ["sock", "sock"],
  ["addr", "addr"],
] as const;
const MESSAGE = [
  ["sock", "sock"],
  ["addr", "addr?"],
] as const;
const PEER = [
  ["sock", "sock"],
  ["other", "sock"],
] as const;

export const SOCKET_HOOKS: HookSpecs<SocketCells> = {
  socket_create: {
    words: "creates a socket",
    cell: [
      ["family", "u32"],
      ["type", "u32"],
      ["protocol", "i32"],
      ["kern", "u32"],
    ],
  },
  socket_socketpair: {
    words: "creates a pair of sockets",
    cell: [
      ["socka", "sock"],
      ["sockb", "sock"],
    ],
  },
  socket_connect: { words: "connects", cell: ADDRESS },
  socket_bind: { words: "binds a socket", cell: ADDRESS },
  socket_accept: { words: "accepts a connection", cell: MESSAGE },
  socket_listen: {
    words: "listens for connections",
    cell: [
      ["sock", "sock"],
      ["backlog", "i32"],
    ],
  },
  socket_sendmsg: { words: "sends a message", cell: MESSAGE },
  socket_recvmsg: { words: "receives a message", cell: MESSAGE },
  socket_getsockname: { words: "asks for the address of a socket", cell: [["sock", "sock"]] },
  socket_getpeername: { words: "asks for the peer of a socket", cell: [["sock", "sock"]] },
  socket_setsockopt: {
    words: "sets an option of a socket",
    cell: [
      ["sock", "sock"],
      ["level", "i32"],
      ["optname", "i32"],
    ],
  },
  socket_shutdown: {
    words: "shuts down a socket",
    cell: [
      ["sock", "sock"],
      ["how", "i32"],
    ],
  },
  unix_stream_connect: { words: "connects to a unix socket", cell: PEER },
  unix_may_send: { words: "sends to a unix socket", cell: PEER },
};
