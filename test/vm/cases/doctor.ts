// SPDX-License-Identifier: Apache-2.0
// What `galgo doctor` finds out about a guest.
import assert from "node:assert/strict";
import type { GuestCase } from "../lib/case.ts";

export const doctor: readonly GuestCase[] = [
  {
    name: "finds BPF security programs usable",
    on: { "6.12": "core", newest: "quick" },
    run: async (guest) => {
      const text = await guest.sh("/opt/galgo/galgo doctor");
      assert.match(text, /✓ {2}BPF security module active +yes/);
      assert.match(text, /✓ {2}a BPF security program loads +yes/);
      assert.match(text, /^ *bpf +usable$/m);
    },
  },
  {
    name: "refuses the bpf sensor on an old kernel, with a reason",
    on: { "6.1": "quick" },
    run: async (guest) => {
      const text = await guest.sh("/opt/galgo/galgo doctor");
      const [, reason = ""] = /^ *bpf +refused\n +because (.+)$/m.exec(text) ?? [];
      assert.match(reason, /^the kernel \(6\.1\..*\) is too old: Linux 6\.12 or newer is needed/);
      assert.match(reason, /no bpf_get_file_xattr \(Linux 6\.8\), bpf_get_task_exe_file/);
      const refused = await guest.run(["/opt/galgo/galgo", "run", "--sensor", "bpf", "--", "true"]);
      assert.equal(refused.status, 125);
      assert.match(refused.stderr, /^galgo: the bpf sensor can not be used here: .*\n$/);
    },
  },
];
