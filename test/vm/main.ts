// SPDX-License-Identifier: Apache-2.0
// Runs the tests in guests. Usage: npm run test:vm [-- OPTION... [FILTER...]]
//   --quick        at most 8 minutes
//   --kernel K     6.1, 6.12 or newest; may be given several times; all by default
//   FILTER         files of test/vm/cases whose name holds it
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Phase, runPhases } from "../../scripts/test-run.ts";
import { isKernelName, KERNELS, type KernelName } from "./lib/images.ts";

const ROOT = resolve(import.meta.dirname, "..", "..");
const CASES = relative(ROOT, resolve(import.meta.dirname, "lib", "cases.entry.ts"));
const TIMEOUT_MS = 60 * 60_000;

const { values, positionals } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    kernel: { type: "string", multiple: true, default: ["6.12", "newest", "6.1"] },
  },
  allowPositionals: true,
});

function phaseOf(kernel: KernelName): Phase {
  const env = {
    GALGO_VM_KERNEL: kernel,
    GALGO_VM_LEVEL: values.quick ? "quick" : "full",
    GALGO_VM_FILTERS: positionals.join(" "),
  };
  return { files: [CASES], concurrency: 1, timeout: TIMEOUT_MS, env };
}

const unknown = values.kernel.filter((name) => !isKernelName(name));
if (unknown.length > 0) {
  console.error(`no kernel is called ${unknown.join()}: ${KERNELS.join(", ")} are`);
  process.exitCode = 2;
} else {
  await runPhases(ROOT, values.kernel.filter(isKernelName).map(phaseOf));
}
