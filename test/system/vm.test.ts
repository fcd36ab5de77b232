// SPDX-License-Identifier: Apache-2.0
// The guest cases that every test run takes in; `npm run test:vm` runs all of them.
import { setPriority } from "node:os";
import { registerCases } from "../vm/lib/register.ts";

/** Nice value: other tests run meanwhile, and get most of a processor that both want. */
const GOES_AFTER = 5;

setPriority(GOES_AFTER);
await registerCases("6.12", "core");
