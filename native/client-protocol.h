// SPDX-License-Identifier: Apache-2.0
// What the client of `galgo run` and a daemon say to each other (see PROTOCOL.md). src/daemon/launch/protocol.ts has
// the same numbers under the same names without GALGO_CLIENT_; a test compares them.
#ifndef GALGO_CLIENT_PROTOCOL_H
#define GALGO_CLIENT_PROTOCOL_H

#define GALGO_CLIENT_MAGIC 0x31434c47 // "GLC1": the digit changes with the protocol
#define GALGO_CLIENT_MAX_TEXT 16384
#define GALGO_CLIENT_MAX_MODEL 67108864

// flags of HELLO
#define GALGO_CLIENT_FLAG_TERMINAL 1

// client to daemon
#define GALGO_CLIENT_FRAME_HELLO 1
#define GALGO_CLIENT_FRAME_PLACED 2
#define GALGO_CLIENT_FRAME_SIGNAL 3
#define GALGO_CLIENT_FRAME_GONE 4

// daemon to client
#define GALGO_CLIENT_FRAME_ALONE 16
#define GALGO_CLIENT_FRAME_START 17
#define GALGO_CLIENT_FRAME_SAY 18
#define GALGO_CLIENT_FRAME_STOP 19
#define GALGO_CLIENT_FRAME_HEARD 20
#define GALGO_CLIENT_FRAME_EXIT 21
#define GALGO_CLIENT_FRAME_KILL 22

#endif
