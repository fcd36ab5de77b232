// SPDX-License-Identifier: Apache-2.0
// The seccomp profile of the OCI runtime specification (config-linux.md, "seccomp"), as far as Galgo writes it.
import type { Machine } from "../../sensor/seccomp/index.ts";

/** As libseccomp names them. */
export const OCI_ARCHITECTURES: Readonly<Record<Machine, string>> = {
  x64: "SCMP_ARCH_X86_64",
  arm64: "SCMP_ARCH_AARCH64",
};

export interface OciArgument {
  readonly index: number;
  /** With SCMP_CMP_MASKED_EQ the mask. */
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ" | "SCMP_CMP_NE";
}

export interface OciRule<Action extends string> {
  readonly names: readonly string[];
  readonly action: Action;
  readonly errnoRet?: number;
  readonly args?: readonly OciArgument[];
}

/** The object that stands at `linux.seccomp` of a config.json, or alone in a file for `--security-opt seccomp=`. */
export interface OciProfile<Action extends string> {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly OciRule<Action>[];
}
