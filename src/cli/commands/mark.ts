// SPDX-License-Identifier: Apache-2.0
// galgo mark, where the launcher does not do it: wrong arguments, and whoever starts dist/galgo.cjs directly.
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import { RunError } from "../../orchestrator/inspect/index.ts";
import { say } from "../render.ts";

/** Bytes of a file name, less the ^ at its beginning. */
const MAX_BYTES = 254;

export async function mark(
  name: string | undefined,
  { end = false }: { readonly end?: boolean },
): Promise<void> {
  if ((name === undefined || name === "") !== end) {
    throw new RunError("BAD_OPTION", "galgo mark takes the name of a test, or --end");
  }
  const directory = process.env["GALGO_MARKS"] ?? "";
  if (directory === "") {
    say("not inside of a learning run: nothing was marked");
    return;
  }
  const file = end ? "-" : encoded(name ?? "");
  try {
    closeSync(openSync(join(directory, `^${file}`), "w"));
  } catch (error) {
    throw new RunError(
      "BAD_OPTION",
      `nothing was marked: no file can be made in ${quote(directory)}, which GALGO_MARKS names`,
      { cause: error },
    );
  }
}

function encoded(name: string): string {
  const safe = name.replaceAll("%", "%25").replaceAll("/", "%2F");
  const text = safe === "-" ? "%2D" : safe.replace(/^\^/, "%5E");
  let cut = text.slice(0, MAX_BYTES);
  while (Buffer.byteLength(cut) > MAX_BYTES) cut = cut.slice(0, -1);
  return cut;
}
