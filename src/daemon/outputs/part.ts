// SPDX-License-Identifier: Apache-2.0
// The outputs as a part of the daemon: what the registry tells goes into the journal, and from there to wherever the configuration says.
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { quote } from "../../base/quote.ts";
import { type RunDirectory, runFolder } from "../../orchestrator/inspect/index.ts";
import type { WorkloadOrigin, WorkloadStatus } from "../api/types.ts";
import { DaemonError } from "../errors.ts";
import type { DaemonContext, DaemonPart, RunningPart } from "../part.ts";
import type { LifecycleEvent } from "../registry/lifecycle.ts";
import type { WorkloadEntry } from "../registry/workload-files.ts";
import type { OutputConfig } from "./config.ts";
import { wordsOf } from "./errors.ts";
import type { EntryContainer, EntryWorkload } from "./journal/entry.ts";
import type { OutputRun } from "./journal/feeds.ts";
import { checkOutput } from "./make-sink.ts";
import { openOutputs, type Outputs } from "./outputs.ts";

const FOLDER = "outputs";

const OPEN = new WeakMap<DaemonContext, Outputs>();

/** The outputs of a daemon; undefined until they are open. */
export function outputsOf(context: DaemonContext): Outputs | undefined {
  return OPEN.get(context);
}

export const outputsPart: DaemonPart = {
  name: "outputs",
  check: (config) => {
    for (const output of config.output) {
      try {
        checkOutput(output);
      } catch (cause) {
        const name = quote(output.name ?? output.kind);
        throw new DaemonError("BAD_CONFIG", `output ${name}: ${wordsOf(cause)}`, { cause });
      }
    }
  },
  start: async (context) => {
    const { keptRoot, registry, config, version, env, tell } = context;
    const outputs = await openOutputs({
      folder: join(keptRoot, FOLDER),
      journal: config.journal,
      outputs: config.output,
      version,
      env,
      onNotice: (text) => tell("warning", text),
    });
    OPEN.set(context, outputs);
    const stop = registry.listen((event) => hear(outputs, context, event));
    // those with a file of their own are dealt with by whoever recovers workloads
    const claimed = new Set(registry.left().map(({ id }) => id));
    for (const id of outputs.left) if (!claimed.has(id)) outputs.settle(id);
    return running(outputs, context, stop);
  },
};

function running(outputs: Outputs, context: DaemonContext, stop: () => void): RunningPart {
  let used = context.config;
  return {
    reload: async () => {
      const { output, journal } = context.config;
      const same = isDeepStrictEqual([output, journal], [used.output, used.journal]);
      if (same && !output.some(readsFiles)) return;
      try {
        await outputs.reconfigure({ outputs: output, journal });
        used = context.config;
      } catch (error) {
        throw new DaemonError("NOT_RELOADED", `they stay as they were: ${wordsOf(error)}`, {
          cause: error,
        });
      }
    },
    close: async () => {
      stop();
      await outputs.close();
    },
  };
}

const FILE_KEYS = ["ca", "cert", "key", "secret-file", "password-file"];

/** Certificates and secrets may be others though the configuration is the same. */
function readsFiles(output: OutputConfig): boolean {
  return FILE_KEYS.some((key) => key in output);
}

function hear(outputs: Outputs, { registry }: DaemonContext, event: LifecycleEvent): void {
  switch (event.type) {
    case "started": {
      const status = event.run.status();
      outputs.started(runOf(status, event.run.directory), beginning(status));
      return;
    }
    case "notice":
      outputs.notice(event.run.id, event.text);
      return;
    case "violation":
      outputs.violated();
      return;
    case "ended":
      outputs.ended(runOf(event.run.status(), event.run.directory));
      return;
    case "failed":
      outputs.ended(runOf(event.run.status(), event.run.directory), event.error.message);
      return;
    case "orphaned": {
      const { entry, what } = event;
      const goesOn = registry.list().some(({ id }) => id === entry.id);
      if (goesOn) outputs.notice(entry.id, what);
      else outputs.ended(leftRun(entry), what);
    }
  }
}

function beginning({ name, mode, sensor, origin }: WorkloadStatus): string {
  return `${name} runs (${mode}, sensor ${sensor}): ${originWords(origin)}`;
}

function originWords(origin: WorkloadOrigin): string {
  switch (origin.kind) {
    case "command":
      return origin.command.map((word) => quote(word, 80)).join(" ");
    case "container":
      return `container ${quote(origin.containerId, 80)}`;
    case "attached":
      return "cgroup" in origin ? `cgroup ${quote(origin.cgroup)}` : `process ${origin.pid}`;
  }
}

function runOf(status: WorkloadStatus, directory: RunDirectory): OutputRun {
  const { id, name, mode, sensor, origin } = status;
  return { directory, workload: { run: id, name, mode, sensor, ...containerOf(origin) } };
}

/** Of a workload of which only its file is left. */
function leftRun({ id, name, sensor, origin, directory }: WorkloadEntry): OutputRun {
  return {
    directory: runFolder(directory, { name, runId: id }),
    workload: { run: id, name, mode: "unknown", sensor, ...containerOf(origin) },
  };
}

function containerOf(origin: WorkloadOrigin): Pick<EntryWorkload, "container"> {
  if (origin.kind !== "container") return {};
  const { containerId, image, imageDigest, runtime } = origin;
  const container: EntryContainer = {
    id: containerId,
    ...(image === undefined ? {} : { image }),
    ...(imageDigest === undefined ? {} : { imageDigest }),
    ...(runtime === undefined ? {} : { runtime }),
  };
  return { container };
}
