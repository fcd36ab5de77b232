// SPDX-License-Identifier: Apache-2.0
// Keeps a task on the agent's CPU while a descriptor is installed in it. The kernel wakes the task for that without the
// synchronous hand-over that plain answers have, so it would pick an idle core, whose wake-up takes 50-60 us in a
// virtual machine. The task stays held until its own affinity is restored, so it can neither see nor pass on the loan.
import { sys } from "../../native/syscalls.ffi.ts";

const NR =
  process.arch === "arm64"
    ? { setaffinity: 122, getaffinity: 123 }
    : { setaffinity: 203, getaffinity: 204 };
/** Room for 8192 CPUs, the kernel's largest NR_CPUS. */
const MASK_SIZE = 1024;

/** Lends the CPU of the calling thread. One per sensor thread. */
export class Placement {
  readonly #saved = Buffer.alloc(MASK_SIZE);
  readonly #one = Buffer.alloc(MASK_SIZE);
  #size = 0;
  #tid = 0;

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
  }

  /** Gives the task its affinity back. Fails only when it has ended. */
  restore(): void {
    if (this.#tid === 0) return;
    sys().syscallBuffer3(NR.setaffinity, this.#tid, this.#size, this.#saved);
    this.#tid = 0;
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
