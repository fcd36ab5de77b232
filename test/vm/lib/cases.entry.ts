// SPDX-License-Identifier: Apache-2.0
// The test file that test/vm/main.ts gives to node:test, once for each kernel.
import { LEVELS } from "./case.ts";
import { isKernelName } from "./images.ts";
import { registerCases } from "./register.ts";

const kernel = process.env["GALGO_VM_KERNEL"] ?? "6.12";
const level = LEVELS.find((name) => name === process.env["GALGO_VM_LEVEL"]) ?? "full";
const filters = (process.env["GALGO_VM_FILTERS"] ?? "").split(" ").filter((word) => word !== "");
if (!isKernelName(kernel)) throw new TypeError(`GALGO_VM_KERNEL: no kernel is called ${kernel}`);
await registerCases(kernel, level, filters);
