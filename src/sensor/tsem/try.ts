// SPDX-License-Identifier: Apache-2.0
// Finds out what a TSEM kernel can do by making a namespace with nothing in it: a launcher that ends at once.
import { closeSync, openSync } from "node:fs";
import { waitChild } from "../../native/process.ffi.ts";
import { Control } from "./control.ts";
import { type MadeNamespace, makeTsemNamespace, openExportOf } from "./create.ts";
import { findTsem } from "./files.ts";
import { launchForTsem, type TsemLauncher } from "./launch.ts";

const DIGEST_BYTES = 32;

/**
 * Makes an external namespace, looks at its export file, and lets it go. Nothing of it stays.
 * @throws TsemError
 */
export function tryNamespace(folder: string): MadeNamespace {
  const files = findTsem(folder);
  const control = new Control(files);
  const nothing = openSync("/dev/null", "r+");
  let launcher: TsemLauncher | undefined;
  try {
    launcher = launchForTsem({
      command: ["true"],
      path: "/bin/true",
      env: {},
      cwd: "/",
      stdio: [nothing, nothing, nothing],
      openFiles: 0,
      ignoredSignals: 0n,
      dieWithGalgo: true,
      controlFd: control.fd,
      joined: () => undefined,
    });
    const parts = { files, control, launcher, digestSize: DIGEST_BYTES };
    const made = makeTsemNamespace("external", { nsref: "current" }, parts);
    closeSync(openExportOf(files, made.id).fd);
    return made;
  } finally {
    launcher?.close(); // it ends with its pipe, and the namespace with it
    if (launcher !== undefined) waitChild(launcher.pid, 0);
    closeSync(nothing);
    control.close();
  }
}
