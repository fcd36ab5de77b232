// SPDX-License-Identifier: Apache-2.0
// What this sensor declares of itself: the hooks whose programs this kernel takes. An unknown event of a program that may sleep
// waits for the decision. One of a program that may not is recorded where nothing is refused; an enforcing namespace refuses it in
// the kernel, whoever has not been told of it before: so such hooks are not among `holds`, but a feature says that they are decided.
import { DECIDES_ATOMIC } from "../../event/index.ts";
import type { Fidelity } from "../sensor.ts";
import type { ProgramHook } from "./built.ts";

/** Of identities there are records, but they are no behaviours. */
const ABSENT: readonly string[] = ["bprm_committed_creds"];

/** @param features what was found out when the workload was launched */
export function bpfFidelity(hooks: readonly ProgramHook[], features: readonly string[]): Fidelity {
  const seen = hooks.filter(({ hook }) => hook !== "bprm_committed_creds");
  const names = (list: readonly ProgramHook[]) => list.map(({ hook }) => hook).sort();
  return {
    sensor: "bpf",
    sees: names(seen),
    holds: names(seen.filter(({ waits }) => waits)),
    absent: ABSENT,
    features: [...features, DECIDES_ATOMIC].sort(),
  };
}
