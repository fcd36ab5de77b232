// SPDX-License-Identifier: Apache-2.0
// The running kernel's type information (BTF): which functions it has that programs can be attached to.
import { bpfCall, BpfError, bpfPointerCall, type Pointer } from "./libbpf.ffi.ts";
import { errno } from "./libc.ffi.ts";

const BTF_KIND_FUNC = 12;

export class KernelTypes {
  #pointer: Pointer | undefined;

  /** @throws BpfError NO_LIBBPF; CALL_FAILED when the kernel has no type information (CONFIG_DEBUG_INFO_BTF) */
  constructor() {
    const pointer = bpfPointerCall("void *btf__load_vmlinux_btf(void)")();
    if (pointer === null) throw BpfError.ofCall("reading /sys/kernel/btf/vmlinux", errno());
    this.#pointer = pointer;
  }

  hasFunction(name: string): boolean {
    const find = bpfCall("int btf__find_by_name_kind(void *, const char *, uint)");
    return this.#pointer !== undefined && find(this.#pointer, name, BTF_KIND_FUNC) > 0;
  }

  close(): void {
    if (this.#pointer !== undefined) bpfCall("void btf__free(void *)")(this.#pointer);
    this.#pointer = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
