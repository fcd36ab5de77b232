// SPDX-License-Identifier: Apache-2.0
// Keeps a task on the agent's CPU while a descriptor is installed in it. The kernel wakes the task for that without the
// synchronous hand-over that plain answers have, so it would pick an idle core, whose wake-up takes 50-60 us in a
// virtual machine. The task's own affinity is restored before the agent does anything else; calls that could show the loan
// (sched_getaffinity, sched_setaffinity) are notified, so they wait until it is given back. Should the task run meanwhile
// (the agent lost its CPU to it), what it forks inherits the loan: the agent then looks for that and mends it.
import { sys } from "../../native/syscalls.ffi.ts";

const NR =
  process.arch === "arm64"
    ? { setaffinity: 122, getaffinity: 123 }
    : { setaffinity: 203, getaffinity: 204 };
/** Room for 8192 CPUs, the kernel's largest NR_CPUS. */
const MASK_SIZE = 1024;

/** A loan takes about 5 us; in this time nothing can have been forked. */
const UNDISTURBED_MS = 0.03;

/** Lends the CPU of the calling thread. One per sensor thread. */
export class Placement {
  readonly #saved = Buffer.alloc(MASK_SIZE);
  readonly #one = Buffer.alloc(MASK_SIZE);
  readonly #other = Buffer.alloc(MASK_SIZE);
  #size = 0;
  #tid = 0;
  #since = 0;

  /** Restricts a held task to this CPU. Nothing happens when its affinity can not be read or has one CPU only. */
  lend(tid: number): void {
    const size = Number(sys().syscallBuffer3(NR.getaffinity, tid, MASK_SIZE, this.#saved));
    const cpu = sys().getcpu();
    if (size <= 0 || cpu < 0 || !allows(this.#saved, size, cpu)) return;
    this.#one.fill(0, 0, size);
    this.#one[cpu >> 3] = 1 << (cpu & 7);
    if (Number(sys().syscallBuffer3(NR.setaffinity, tid, size, this.#one)) !== 0) return;
    this.#size = size;
    this.#tid = tid;
    this.#since = performance.now();
  }

  /** Gives the task its affinity back. False when it may have run in the meantime: see `mend`. */
  restore(): boolean {
    if (this.#tid === 0) return true;
    sys().syscallBuffer3(NR.setaffinity, this.#tid, this.#size, this.#saved);
    this.#tid = 0;
    return performance.now() - this.#since < UNDISTURBED_MS;
  }

  /** Gives new threads and children what the last borrower had, when they have inherited the loan. */
  mend(tids: Iterable<number>): void {
    for (const tid of tids) {
      const size = Number(sys().syscallBuffer3(NR.getaffinity, tid, MASK_SIZE, this.#other));
      if (size !== this.#size || this.#one.compare(this.#other, 0, size, 0, size) !== 0) continue;
      sys().syscallBuffer3(NR.setaffinity, tid, size, this.#saved);
    }
  }
}

/** Whether the mask has `cpu` and at least one other. */
function allows(mask: Buffer, size: number, cpu: number): boolean {
  const own = 1 << (cpu & 7);
  if (((mask[cpu >> 3] ?? 0) & own) === 0) return false;
  for (let i = 0; i < size; i++) {
    const others = (mask[i] ?? 0) & (i === cpu >> 3 ? ~own : 0xff);
    if (others !== 0) return true;
  }
  return false;
}
