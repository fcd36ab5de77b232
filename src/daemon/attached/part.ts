// SPDX-License-Identifier: Apache-2.0
// Processes that run already and are modeled from now on, by programs in the kernel; and those of a daemon before this one: the kernel has
// kept their namespaces, and the runs go on.
import { quote } from "../../base/quote.ts";
import { CodedError } from "../../base/errors.ts";
import { BUILTIN_PROFILES } from "../../model/index.ts";
import {
  adoptable,
  adoptionRequest,
  DEFAULT_DEADLINE_MS,
  failLeftRun,
  leftWord,
  servedBy,
} from "../../orchestrator/index.ts";
import type { RunWorker } from "../../orchestrator/worker-client.ts";
import type { RunRequest } from "../../orchestrator/run-request.ts";
import type { AttachOrder, WorkloadStatus } from "../api/types.ts";
import { ApiError } from "../errors.ts";
import { daemonHost } from "../host.ts";
import type { DaemonContext, DaemonPart, RunningPart } from "../part.ts";
import type { ManagedRun, StartOrder } from "../registry/managed-run.ts";
import type { WorkloadEntry } from "../registry/workload-files.ts";

export const attachedPart: DaemonPart = {
  name: "attached",
  start: (context) => {
    context.api.attach = (order, { uid }) => attach(context, order, uid);
    const part: RunningPart = {
      recover: (entry) => adopt(context, entry),
      close: () => Promise.resolve(),
    };
    return Promise.resolve(part);
  },
};

/** A run whose start is waited for: until the processes are modeled. */
async function begin(
  context: DaemonContext,
  order: Pick<StartOrder, "request" | "owner" | "observer">,
): Promise<ManagedRun> {
  let served: () => void = () => undefined;
  const serving = new Promise<void>((resolve) => {
    served = resolve;
  });
  const host = daemonHost(context, {
    startWorker: async (...setup) => {
      const worker = await context.startWorker(...setup);
      const serve: RunWorker["serve"] = async (what) => {
        const features = await worker.serve(what);
        served();
        return features;
      };
      return { ...worker, serve };
    },
  });
  const run = context.registry.start({ ...order, host });
  await Promise.race([serving, run.ended]);
  return run;
}

/** Settles when the processes are modeled. @throws ApiError BAD_REQUEST, CONFLICT */
async function attach(
  context: DaemonContext,
  order: AttachOrder,
  uid: number,
): Promise<WorkloadStatus> {
  const request = requestOf(order, context);
  try {
    const run = await begin(context, { request, owner: uid });
    return run.status();
  } catch (error) {
    // not possible here, or not with these words: the same sentence as on the command line
    if (!(error instanceof CodedError) || error instanceof ApiError) throw error;
    throw new ApiError("BAD_REQUEST", error.message, { cause: error });
  }
}

function requestOf(
  order: AttachOrder,
  { stateRoot, requirement }: Pick<DaemonContext, "stateRoot" | "requirement">,
): RunRequest {
  const { cgroup, pid, name, modelFile, base } = order;
  const mode = order.mode ?? (modelFile === undefined ? "free" : "detect");
  const onViolation = order.onViolation ?? (mode === "enforce" ? "deny" : "observe");
  if (mode !== "enforce" && onViolation !== "observe")
    throw new ApiError("BAD_REQUEST", `onViolation ${onViolation} needs the mode enforce`);
  return {
    command: [],
    mode,
    onViolation,
    ...(modelFile === undefined ? {} : { modelFile, ...(requirement && { requirement }) }),
    ...(base === undefined ? {} : { base }),
    ...(name === undefined ? {} : { name }),
    rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.portable },
    stateRoot,
    cwd: "/",
    env: {},
    deadlineMs: DEFAULT_DEADLINE_MS,
    onExit: "wait",
    allowWeaker: false,
    bpf: { attach: cgroup === undefined ? { pid: pid ?? 0 } : { cgroup } },
  };
}

/** @throws Error when the run can not be gone on with now: its namespace stays in the kernel, and the next start tries again */
async function adopt(context: DaemonContext, entry: WorkloadEntry): Promise<string | undefined> {
  if (entry.origin.kind !== "attached") return undefined;
  const end = endOfDaemon(entry);
  const left = adoptable().find(({ trail }) => trail === entry.directory);
  const other = left === undefined ? servedBy(entry.directory) : undefined;
  if (other !== undefined && other !== entry.daemonPid)
    return `${end}; process ${other} goes on with the run (galgo adopt)`;
  if (left?.run === undefined) {
    const what =
      left === undefined
        ? `${end}, and the kernel has nothing of it any more: what its processes did since is not recorded`
        : `${end}, and nobody can go on with it: ${left.why ?? "unknown"}. The kernel still decides for its ${left.tasks} tasks: what is not known to it is refused where the model is enforced; galgo doctor --cleanup --set-free ends that`;
    failLeftRun(entry.directory, what);
    return what;
  }
  try {
    const request = adoptionRequest(left);
    if (isUnsigned(request, context)) {
      // to refuse it would leave its processes without anybody who answers them
      const text =
        "it began under a model whose signature nobody had asked for; now one is demanded";
      context.tell("warning", `workload ${quote(entry.name)}: ${text}`);
    }
    await begin(context, {
      request,
      owner: entry.owner,
      observer: {
        onNotice: (text) => context.tell("warning", `workload ${quote(entry.name)}: ${text}`),
      },
    });
  } catch (error) {
    // a run that has failed has no file any more
    context.registry.keep(entry);
    throw error;
  }
  const tasks = left.tasks === 1 ? "1 task" : `${left.tasks} tasks`;
  return `${end}; the kernel has kept its namespace with ${tasks}, and the run goes on`;
}

function isUnsigned({ model, signature }: RunRequest, { requirement }: DaemonContext): boolean {
  const checked = (signature?.signedBy.length ?? 0) > 0;
  return requirement !== undefined && model !== undefined && !checked;
}

function endOfDaemon({ directory }: WorkloadEntry): string {
  const left = leftWord(directory);
  return left === undefined ? "its daemon was killed" : `${left.why} at ${left.at}`;
}
