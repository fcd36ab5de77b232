// SPDX-License-Identifier: Apache-2.0
// All cases, in the order of a run. The names are what filters of `npm run test:vm` look at.
import type { GuestCase } from "../lib/case.ts";
import { boot } from "./boot.ts";
import { bpfRun } from "./bpf-run.ts";
import { doctor } from "./doctor.ts";
import { host } from "./host.ts";
import { icount } from "./icount.ts";

export const CASES: Readonly<Record<string, readonly GuestCase[]>> = {
  boot,
  "bpf-run": bpfRun,
  doctor,
  host,
  icount,
};
