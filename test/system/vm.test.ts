// SPDX-License-Identifier: Apache-2.0
// The guest cases that every test run takes in; `npm run test:vm` runs all of them.
import { registerCases } from "../vm/lib/register.ts";

await registerCases("6.12", "core");
