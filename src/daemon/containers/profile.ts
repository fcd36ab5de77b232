// SPDX-License-Identifier: Apache-2.0
// The seccomp profile of a container whose calls come to Galgo, as the OCI runtime specification has it (config-linux.md, "seccomp"):
// the table of the sensor in the words of libseccomp. What neither it nor the list of harmless calls names is refused, so that a call
// that the runtime's libseccomp does not know is no way past the model.
import { BASE_CALLS, OCI_ARCHITECTURES } from "../../orchestrator/export/index.ts";
import type { OciArgument, OciProfile, OciRule } from "../../orchestrator/export/oci-profile.ts";
import { type Machine, REFUSED_CALLS, TABLE, type When } from "../../sensor/seccomp/index.ts";

const ENOSYS = 38;
const WORD = 0xffff_ffffn;

type Rule = OciRule<"SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO" | "SCMP_ACT_NOTIFY">;

/** Calls that are neither harmless nor refused come to the listener. */
export interface ContainerProfile extends OciProfile<Rule["action"]> {
  readonly flags?: readonly string[];
  readonly listenerPath: string;
  readonly listenerMetadata?: string;
}

export interface ProfileOptions {
  readonly machine: Machine;
  /** The daemon's socket for containers, as the runtime sees it. */
  readonly listenerPath: string;
  /** What the daemon is told with each container that uses the profile (choice.ts). */
  readonly listenerMetadata?: string;
  /** Signals do not interrupt a held call: runc 1.2 with libseccomp 2.6; older ones refuse the profile. */
  readonly waitKillable?: boolean;
}

/** Makes the profile. */
export function containerProfile(options: ProfileOptions): ContainerProfile {
  const { machine, listenerPath, listenerMetadata, waitKillable } = options;
  const always = TABLE.filter(({ when }) => when === undefined);
  const sometimes = TABLE.filter(({ when }) => when !== undefined);
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ENOSYS,
    architectures: [OCI_ARCHITECTURES[machine]],
    ...(waitKillable === true ? { flags: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] } : {}),
    listenerPath,
    ...(listenerMetadata === undefined ? {} : { listenerMetadata }),
    syscalls: [
      { names: BASE_CALLS, action: "SCMP_ACT_ALLOW" },
      { names: names(always.map(({ syscall }) => syscall)), action: "SCMP_ACT_NOTIFY" },
      ...sometimes.flatMap(({ syscall, when = [] }) => conditional(syscall, when)),
      // the C libraries fall back to clone, whose flags a filter can see
      { names: REFUSED_CALLS, action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    ],
  };
}

const names = (list: readonly string[]): string[] => [...new Set(list)].sort();

/** A row with one test: what passes it is told, the rest is allowed. */
function conditional(syscall: string, when: readonly When[]): Rule[] {
  const [test, ...more] = when;
  // two tests of one argument can not be said to libseccomp; then the row is told always, which is more than enough
  if (test === undefined || more.length > 0)
    return [{ names: [syscall], action: "SCMP_ACT_NOTIFY" }];
  const { told, free } = split(test);
  const rule =
    (action: Rule["action"]) =>
    (argument: OciArgument): Rule => ({ names: [syscall], action, args: [argument] });
  return [...told.map(rule("SCMP_ACT_NOTIFY")), ...free.map(rule("SCMP_ACT_ALLOW"))];
}

interface Split {
  readonly told: readonly OciArgument[];
  readonly free: readonly OciArgument[];
}

/** The values of an argument that are told, and all others: each a set of masks, no value in both. */
function split(test: When): Split {
  const index = test.arg;
  const masked = (mask: bigint, value: bigint): OciArgument => ({
    index,
    value: Number(mask),
    valueTwo: Number(value),
    op: "SCMP_CMP_MASKED_EQ",
  });
  const anyOf = (bits: bigint): OciArgument[] => singles(bits).map((bit) => masked(bit, bit));
  if ("orBit" in test) {
    const [any, or, unless] = [BigInt(test.anyBit), BigInt(test.orBit), BigInt(test.unlessBit)];
    return {
      told: [...anyOf(any), ...singles(or).map((bit) => masked(any | bit | unless, bit))],
      free: [masked(any | or, 0n), masked(any | unless, unless)],
    };
  }
  if ("anyBit" in test) {
    const bits = BigInt(test.anyBit);
    return { told: anyOf(bits), free: [masked(bits, 0n)] };
  }
  if ("noBit" in test) {
    const bits = BigInt(test.noBit);
    return { told: [masked(bits, 0n)], free: anyOf(bits) };
  }
  if ("pointer" in test) {
    return {
      told: [{ index, value: 0, op: "SCMP_CMP_NE" }],
      free: [{ index, value: 0, op: "SCMP_CMP_EQ" }],
    };
  }
  const values = test.oneOf.map((value) => BigInt.asUintN(32, BigInt(value)));
  return {
    told: values.map((value) => masked(WORD, value)),
    free: others(values, 0n, 31n).map(([mask, value]) => masked(mask, value)),
  };
}

function singles(bits: bigint): bigint[] {
  const found: bigint[] = [];
  for (let bit = 1n; bit <= WORD; bit <<= 1n) if ((bits & bit) !== 0n) found.push(bit);
  return found;
}

/** All 32-bit values but these, as prefixes: [mask, value]. `prefix` has the bits above `bit`; all of `values` begin with it. */
function others(values: readonly bigint[], prefix: bigint, bit: bigint): [bigint, bigint][] {
  if (bit < 0n) return [];
  const one = 1n << bit;
  const mask = WORD & ~(one - 1n);
  return [prefix, prefix | one].flatMap((half): [bigint, bigint][] => {
    const inside = values.filter((value) => (value & mask) === half);
    return inside.length === 0 ? [[mask, half]] : others(inside, half, bit - 1n);
  });
}
