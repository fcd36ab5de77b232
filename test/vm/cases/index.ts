// SPDX-License-Identifier: Apache-2.0
// All cases, in the order of a run. The names are what filters of `npm run test:vm` look at.
import type { GuestCase } from "../lib/case.ts";
import { attest } from "./attest.ts";
import { adopt } from "./bpf-adopt.ts";
import { attach } from "./bpf-attach.ts";
import { contract } from "./bpf-contract.ts";
import { death } from "./bpf-death.ts";
import { enforce } from "./bpf-enforce.ts";
import { hooks } from "./bpf-hooks.ts";
import { marks } from "./bpf-marks.ts";
import { native } from "./bpf-native.ts";
import { quiet } from "./bpf-quiet.ts";
import { soundness } from "./bpf-soundness.ts";
import { stress } from "./bpf-stress.ts";
import { boot } from "./boot.ts";
import { bpfRun } from "./bpf-run.ts";
import { doctor } from "./doctor.ts";
import { host } from "./host.ts";
import { icount } from "./icount.ts";

export const CASES: Readonly<Record<string, readonly GuestCase[]>> = {
  boot,
  "bpf-run": bpfRun,
  doctor,
  attest,
  "bpf-contract": contract,
  "bpf-enforce": enforce,
  "bpf-hooks": hooks,
  "bpf-attach": attach,
  "bpf-marks": marks,
  "bpf-quiet": quiet,
  "bpf-soundness": soundness,
  "bpf-native": native,
  "bpf-stress": stress,
  // last: they load the programs for themselves alone
  "bpf-death": death,
  "bpf-adopt": adopt,
  host,
  icount,
};
