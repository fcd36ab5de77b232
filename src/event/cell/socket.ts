// SPDX-License-Identifier: Apache-2.0
// CELLs about sockets.

/** A socket. `owner` is the TASK_ID (hex) of its creator; absent when the sensor cannot know it. */
export interface SockId {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly owner?: string;
}

/**
 * An address. inet ports and addresses are the raw network-order words read as native integers, as TSEM prints them
 * (port 443 is 47873, 127.0.0.1 is 16777343); only the port of socket_accept is in host order, as the kernel gives it. inet6 `address` is 32 hex digits. unix `address` keeps a leading NUL as "\0".
 */
export type SockAddr =
  | { readonly family: "inet"; readonly port: number; readonly address: number }
  | {
      readonly family: "inet6";
      readonly port: number;
      readonly address: string;
      readonly flow?: number;
      readonly scope?: number;
    }
  | { readonly family: "unix"; readonly address: string }
  | { readonly family: "other"; readonly digest: string };

export interface SocketCreateCell {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly kern: number;
}
export interface SocketAddressCell {
  readonly sock: SockId;
  readonly addr: SockAddr;
}
/** sendmsg / recvmsg: `addr` only with a destination. */
export interface SocketMessageCell {
  readonly sock: SockId;
  readonly addr?: SockAddr;
}
export interface SocketCell {
  readonly sock: SockId;
}
export interface SocketListenCell {
  readonly sock: SockId;
  readonly backlog: number;
}
export interface SocketShutdownCell {
  readonly sock: SockId;
  readonly how: number;
}
export interface SocketOptionCell {
  readonly sock: SockId;
  readonly level: number;
  readonly optname: number;
}
export interface SocketPairCell {
  readonly socka: SockId;
  readonly sockb: SockId;
}
export interface UnixPeerCell {
  readonly sock: SockId;
  readonly other: SockId;
}

/** Hooks about sockets. */
export interface SocketCells {
  socket_create: SocketCreateCell;
  socket_socketpair: SocketPairCell;
  socket_connect: SocketAddressCell;
  socket_bind: SocketAddressCell;
  socket_accept: SocketMessageCell;
  socket_listen: SocketListenCell;
  socket_sendmsg: SocketMessageCell;
  socket_recvmsg: SocketMessageCell;
  socket_getsockname: SocketCell;
  socket_getpeername: SocketCell;
  socket_setsockopt: SocketOptionCell;
  socket_shutdown: SocketShutdownCell;
  unix_stream_connect: UnixPeerCell;
  unix_may_send: UnixPeerCell;
}
