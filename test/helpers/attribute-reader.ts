// SPDX-License-Identifier: Apache-2.0
// A process of its own for the tests of the anchor. Reads lines "PATH ATTRIBUTE BYTES", asks the file for the attribute, and
// prints its value in hex or the name of the errno. The attributes "read" and "open-for-writing" are other calls.
import { openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { readAttribute } from "../../src/native/fuse.ffi.ts";

function answer(path: string, name: string, bytes: number): string {
  if (name === "read") return readFileSync(path).toString("hex");
  if (name === "open-for-writing") {
    try {
      openSync(path, "r+");
      return "opened";
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? "?";
    }
  }
  const value = readAttribute(path, name, bytes);
  if (typeof value === "string") return value;
  return typeof value === "number" ? `${value} bytes` : value.toString("hex");
}

for await (const line of createInterface({ input: process.stdin })) {
  const [path = "", name = "", bytes = "0"] = line.split(" ");
  process.stdout.write(`${answer(path, name, Number(bytes))}\n`);
}
