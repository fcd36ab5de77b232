// SPDX-License-Identifier: Apache-2.0
// Settings of a unit under which Galgo itself, which runs in it, could not do its work.
import { quote } from "../../base/quote.ts";
import type { Section } from "./unit-files.ts";

export interface Obstacle {
  readonly setting: string;
  readonly why: string;
  /** What takes the setting back, where the model can stand in for it. */
  readonly reset?: readonly (readonly [key: string, value: string])[];
}

/** All that are set. @param needed files that Galgo needs there: itself, the model */
export function stopsGalgo(service: Section, needed: readonly string[]): Obstacle[] {
  return [
    ...outside(service),
    ...otherRoot(service),
    ...hiddenHomes(service, needed),
    ...filters(service),
  ];
}

/** What systemd hands to the main process only. */
function outside(service: Section): Obstacle[] {
  const handed = ["Sockets", "OpenFile", "FileDescriptorStoreMax"].filter(
    (key) => service.all(key).length > 0 && service.last(key) !== "0",
  );
  return handed.map((key) => ({
    setting: `${key}=`,
    why: `${key}= hands open descriptors to the main process, and galgo run passes on 0, 1 and 2 only`,
  }));
}

function otherRoot(service: Section): Obstacle[] {
  return ["RootDirectory", "RootImage"].flatMap((key) => {
    const value = service.last(key);
    if (value === undefined) return [];
    return [{ setting: `${key}=`, why: `${key}=${quote(value)}: Galgo is not in there` }];
  });
}

function hiddenHomes(service: Section, needed: readonly string[]): Obstacle[] {
  const isHidden = service.isTrue("ProtectHome") || service.last("ProtectHome") === "tmpfs";
  const file = needed.find((path) => /^\/(?:home|root|run\/user)\//.test(path));
  if (!isHidden || file === undefined) return [];
  return [{ setting: "ProtectHome=", why: `ProtectHome= hides ${quote(file)}, which Galgo needs` }];
}

function filters(service: Section): Obstacle[] {
  const found: Obstacle[] = [];
  if (service.isTrue("MemoryDenyWriteExecute"))
    found.push({
      setting: "MemoryDenyWriteExecute=",
      why: "MemoryDenyWriteExecute= forbids the generated code that Node needs",
      reset: [["MemoryDenyWriteExecute", "no"]],
    });
  if (service.all("SystemCallFilter").length > 0)
    found.push({
      setting: "SystemCallFilter=",
      why: "SystemCallFilter= is also for Galgo, which needs seccomp, process_vm_readv, pidfd_getfd and others",
      reset: [["SystemCallFilter", ""]],
    });
  if (service.all("NoExecPaths").length > 0)
    found.push({
      setting: "NoExecPaths=",
      why: "NoExecPaths= forbids to start Galgo and Node",
      reset: [
        ["NoExecPaths", ""],
        ["ExecPaths", ""],
      ],
    });
  return found;
}
