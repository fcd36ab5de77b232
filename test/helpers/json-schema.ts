// SPDX-License-Identifier: Apache-2.0
// JSON checked against a JSON Schema file of draft 2020-12.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";

/** @returns what asserts that a value is as the schema of `path` says */
export function validatorOf(path: string): (value: unknown) => void {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    validateFormats: false,
  });
  const validate = ajv.compile(JSON.parse(readFileSync(path, "utf8")) as object);
  return (value) => {
    const faults = validate(value) ? "" : ajv.errorsText(validate.errors, { separator: "\n" });
    assert.equal(faults, "", `${faults}\nin ${JSON.stringify(value, null, 1)?.slice(0, 4_000)}`);
  };
}
