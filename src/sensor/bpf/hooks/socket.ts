// SPDX-License-Identifier: Apache-2.0
// Hooks about sockets (bpf/hooks-socket.h).
import type { SocketCells } from "../../../event/cell/socket.ts";
import { high, type HookSources, low, sock, type Source } from "./source.ts";

const addr: Source = { from: "address" };
const SOCKET = { sock: sock(0) } as const;
const ADDRESSED = { sock: sock(0), addr } as const;
const PEERS = { sock: sock(0), other: sock(2) } as const;

export const SOCKET_SOURCES: HookSources<keyof SocketCells | "netlink_send"> = {
  socket_create: { family: low(0), type: low(1), protocol: low(2), kern: low(3) },
  socket_socketpair: { socka: sock(0), sockb: sock(2) },
  socket_connect: ADDRESSED,
  socket_bind: ADDRESSED,
  socket_accept: ADDRESSED,
  socket_sendmsg: ADDRESSED,
  socket_recvmsg: ADDRESSED,
  socket_listen: { ...SOCKET, backlog: low(2) },
  socket_getsockname: SOCKET,
  socket_getpeername: SOCKET,
  socket_setsockopt: { ...SOCKET, level: low(2), optname: high(2) },
  socket_shutdown: { ...SOCKET, how: low(2) },
  unix_stream_connect: PEERS,
  unix_may_send: PEERS,
  netlink_send: {
    ...SOCKET,
    uid: low(2),
    gid: high(2),
    portid: low(3),
    dstGroup: high(3),
    flags: low(4),
    nsidSet: high(4),
    nsid: low(5),
  },
};
