// SPDX-License-Identifier: Apache-2.0
// The remaining security-relevant calls: kernel code, time, log, bpf, and those that no hook describes.
import { textOf } from "../text.ts";
import type { Call } from "../call.ts";
import { eventFlags } from "../../file/open-flags.ts";
import { CONTINUE, type Reply, fail } from "../reply.ts";
import { openTaskFd } from "../resolve.ts";
import { sys } from "../../../native/syscalls.ffi.ts";

/** LOADING_MODULE, READING_MODULE of include/linux/kernel_read_file.h. */
const MODULE_ID = 2;

/** Calls without a hook: the arguments that the row names, and text where one is given. */
export function plain(call: Call): Reply {
  const { at, args = [] } = call.rule;
  const values = args.map((index) => call.u64(index));
  if (at.name === undefined || call.u64(at.name) === 0n) {
    return call.syscallRefusal(values) ?? CONTINUE;
  }
  const text = call.string(at.name);
  if (typeof text === "number") return fail(text);
  return call.syscallRefusal(values, textOf(text)) ?? CONTINUE;
}

/** landlock_restrict_self: whatever the agent does for a task would not be restricted, so it does nothing for this one any more. */
export function restrictSelf(call: Call): Reply {
  const refusal = call.syscallRefusal([]);
  if (refusal !== undefined) return refusal;
  call.bench.tasks.restrict(call.task.process);
  return CONTINUE;
}

/** init_module(2). */
export function loadData(call: Call): Reply {
  return call.refusal("kernel_load_data", { id: MODULE_ID, contents: 1 }) ?? CONTINUE;
}

/** finit_module(2). */
export function readFile(call: Call): Reply {
  return withFile(call, (file) =>
    call.refusal("kernel_read_file", { file, id: MODULE_ID, contents: 1 }),
  );
}

/** ioctl requests that the filter picks (table.ts). */
export function ioctl(call: Call): Reply {
  return withFile(call, (file) => call.refusal("file_ioctl", { file, cmd: call.u32(1) }));
}

function withFile(
  call: Call,
  work: (file: ReturnType<Call["bench"]["objects"]["file"]>) => Reply | undefined,
): Reply {
  const object = openTaskFd(call.task, call.i32(call.rule.at.fd ?? 0));
  if (object.kind !== "found") return call.noDescriptor(object);
  try {
    const hook = call.rule.hook === "kernel_read_file" ? "kernel_read_file" : "file_ioctl";
    const use = { hook, flags: eventFlags(0) } as const;
    const file = call.bench.objects.file(call.task.process, object.fd, object.stat, use);
    return work(file) ?? CONTINUE;
  } finally {
    sys().close(object.fd);
  }
}

/** syslog(2). */
export function syslog(call: Call): Reply {
  return call.refusal("syslog", { type: call.u32(0) }) ?? CONTINUE;
}

/** bpf(2). */
export function bpf(call: Call): Reply {
  return call.refusal("bpf", { cmd: call.u32(0), size: call.u32(2) }) ?? CONTINUE;
}

/** clock_settime, settimeofday: that the clock is set is the behaviour; to what, is not. */
export function settime(call: Call): Reply {
  return call.refusal("settime", {}) ?? CONTINUE;
}
