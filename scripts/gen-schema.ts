// SPDX-License-Identifier: Apache-2.0
// Writes docs/reference/workload-model.schema.json from the schema that model files are checked with.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { workloadModelJsonSchema } from "../src/model/index.ts";

const TARGET = "docs/reference/workload-model.schema.json";

mkdirSync(dirname(TARGET), { recursive: true });
writeFileSync(TARGET, `${JSON.stringify(workloadModelJsonSchema(), null, 2)}\n`);
console.log(TARGET);
