// SPDX-License-Identifier: Apache-2.0
// Tells Galgo which test of node:test is running:
//
//   galgo learn -o app.galgo.json -- node --test --import ./mark.mjs
//
// A test is marked by making a file of its name in the directory that GALGO_MARKS names, which is set while Galgo learns and never when a
// model is enforced: without it this module does nothing.
import { closeSync, openSync } from "node:fs";
import { basename, join } from "node:path";

const directory = process.env.GALGO_MARKS;
/** Bytes of a file name. */
const MAX_BYTES = 255;

function mark(name) {
  let file = name;
  while (Buffer.byteLength(file) > MAX_BYTES) file = file.slice(0, -1);
  try {
    closeSync(openSync(join(directory, file), "w"));
  } catch {
    // tests are not there to be learned from alone: they go on without their marks
  }
}

/** A name that a file can have: "/" and what has a meaning at the beginning of a mark stand as %XX. */
function encoded(name) {
  return name
    .replaceAll("%", "%25")
    .replaceAll("/", "%2F")
    .replace(/^\^|^-$/, escaped);
}

function escaped(char) {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}

// with --test one process starts a process for each file; only in these are tests
if (directory && !process.execArgv.includes("--test")) {
  const { afterEach, beforeEach } = await import("node:test");
  const file = basename(process.argv[1] ?? "");
  beforeEach((t) => mark(encoded(`${file}: ${t.fullName ?? t.name}`)));
  afterEach(() => mark("-"));
}
