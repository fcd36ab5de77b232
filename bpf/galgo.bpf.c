// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The kernel side of the bpf sensor: recognises what modeled tasks do, asks the agent about what is new, enforces.
 * One object; user space leaves out the programs whose hooks a kernel does not have.
 */
#include "types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "wire.h"
#include "maps.h"
#include "read.h"
#include "siphash.h"
#include "describe.h"
#include "decide.h"
#include "hooks-identity.h"
#include "hooks-file.h"
#include "hooks-inode.h"
#include "hooks-socket.h"
#include "hooks-task.h"
#include "hooks-ipc.h"
#include "hooks-mount.h"
#include "hooks-kernel.h"
#include "layout.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
