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
    },
  },
  {
    name: "refuses the bpf sensor on an old kernel, with a reason",
    on: { "6.1": "quick" },
    run: async (guest) => {
      const text = await guest.sh("/opt/galgo/galgo doctor");
      const [, reason = ""] = /^ *bpf +refused\n +because (.+)$/m.exec(text) ?? [];
      assert.notEqual(reason, "", text);
    },
  },
];
