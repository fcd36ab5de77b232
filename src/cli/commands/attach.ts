// SPDX-License-Identifier: Apache-2.0
// galgo attach: has the daemon model what runs already.
import { resolve } from "node:path";
import { quote } from "../../base/quote.ts";
import type { AttachOrder } from "../../daemon/api/types.ts";
import { findDaemon } from "../../daemon/client/index.ts";
import { RunError } from "../../orchestrator/index.ts";
import type { ViolationPolicy } from "../../orchestrator/index.ts";
import { outJson, say } from "../render.ts";

interface AttachOptions {
  readonly cgroup?: string;
  readonly pid?: number;
  readonly model?: string;
  readonly enforce?: boolean;
  readonly detect?: boolean;
  readonly onViolation?: ViolationPolicy;
  readonly name?: string;
  readonly base?: string;
  readonly json?: boolean;
}

export async function attach(options: AttachOptions): Promise<void> {
  const daemon = await findDaemon(process.env, process.getuid?.() ?? -1);
  const status = await daemon.attach(requestOf(options));
  if (options.json === true) outJson(status);
  else say(`the daemon models it as ${quote(status.name)} (${status.id}); galgo ps, galgo top`);
}

function requestOf(options: AttachOptions): AttachOrder {
  const { cgroup, pid, model, enforce, detect, onViolation, name, base } = options;
  if ((cgroup === undefined) === (pid === undefined))
    throw new RunError("BAD_OPTION", "galgo attach needs either --cgroup PATH or --pid N");
  const mode = enforce === true ? "enforce" : detect === true ? "detect" : undefined;
  return {
    ...(cgroup === undefined ? {} : { cgroup }),
    ...(pid === undefined ? {} : { pid }),
    ...(model === undefined ? {} : { modelFile: resolve(model) }),
    ...(mode === undefined ? {} : { mode }),
    ...(onViolation === undefined ? {} : { onViolation }),
    ...(name === undefined ? {} : { name }),
    ...(base === undefined ? {} : { base }),
  };
}
