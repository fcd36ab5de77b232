// SPDX-License-Identifier: Apache-2.0
// What the daemon says to the warden (see PROTOCOL.md). src/daemon/containers/warden.ts has the same numbers under the same names without
// GALGO_WARDEN_; a test compares them.
#ifndef GALGO_WARDEN_PROTOCOL_H
#define GALGO_WARDEN_PROTOCOL_H

#define GALGO_WARDEN_ENTRIES 4096

#define GALGO_WARDEN_PROCESS 1
#define GALGO_WARDEN_GROUP 2
#define GALGO_WARDEN_FORGET 3
#define GALGO_WARDEN_LEAVE 4

#endif
