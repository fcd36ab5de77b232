// SPDX-License-Identifier: Apache-2.0
// A command that the kernel would not run.
import type { LaunchError } from "../sensor/seccomp/launch-types.ts";
import { CommandError } from "./errors.ts";
import { lossText } from "./namespace/losses.ts";
import type { LossReason } from "./run-record.ts";
