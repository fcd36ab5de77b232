// SPDX-License-Identifier: Apache-2.0
// The corpus: every workload there is, in the order of the table.
import type { Workload } from "./lib/workload.ts";
import { nginx } from "./nginx.ts";

export const CORPUS: readonly Workload[] = [nginx];
