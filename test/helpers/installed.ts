// SPDX-License-Identifier: Apache-2.0
// A process of its own for the tests of the installation: installs, says what it got, and leaves when a line comes.
// Usage: installed.ts OBJECT FOLDER LOCK
import { once } from "node:events";
import { writeSync } from "node:fs";
import { install } from "../../src/sensor/bpf/install.ts";

const [object = "", folder = "", lock = ""] = process.argv.slice(2);
const installation = await install({ object, place: { folder, lock } });
writeSync(1, `${JSON.stringify({ slot: installation.slot, serial: installation.serial })}\n`);
await once(process.stdin, "data");
await installation.close();
writeSync(1, "left\n");
process.exit(0);
