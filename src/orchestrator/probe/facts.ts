// SPDX-License-Identifier: Apache-2.0
// What this machine lets Galgo do, found by trying. Everything is undone; what can not be undone happens in a child process.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, readFileSync } from "node:fs";
import { arch, release } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { tryPidfdGetfd, tryProcessVmReadv } from "../../native/probe.ffi.ts";
import type { Trial } from "../../native/probe.ffi.ts";
import { buildFilter, thisMachine } from "../../sensor/seccomp/index.ts";
import { launchWorkload } from "../../sensor/index.ts";
import { leftoverStep, securityModules, tryBpfSensor } from "../../sensor/bpf/index.ts";
import { probeTsem, tryNamespace, tsemFolder } from "../../sensor/tsem/index.ts";
import type { LauncherKind } from "../../sensor/seccomp/launch-types.ts";
import { adoptable } from "../bpf/adoption.ts";
import { createCgroup } from "../cgroup.ts";
import { findCommand } from "../command-lookup.ts";
import { siblingModule } from "../../native/start-thread.ts";
import type { ChildFindings } from "./child.ts";
import { platformFacts } from "./platform-facts.ts";

/** One thing that was found out. `ok` is undefined for plain information. */
export interface Fact {
  readonly id: string;
  readonly title: string;
  readonly ok: boolean | undefined;
  readonly value: string;
}

const CHILD_DEADLINE_MS = 15_000;
/** LSM_ID_BPF of uapi/linux/lsm.h */
const LSM_BPF = 109;
const COMPILERS = ["cc", "gcc", "clang"];

/** Runs all tries. Never throws: a try that fails is a fact. */
export async function collectFacts(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Fact[]> {
  const tried = await childFacts();
  const ofBpf = (id: string) => id === "btf" || id.startsWith("bpf-");
  return [
    ...machineFacts(env),
    ...tried.filter(({ id }) => !ofBpf(id)),
    ...(await launcherFacts()),
    ...(await cgroupFacts()),
    ...tried.filter(({ id }) => ofBpf(id)),
    ...(await tryBpfSensor()),
    leftoverStep(),
    ...adoptableFacts(),
    ...tsemFacts(tsemFolder(env)),
    ...(await platformFacts()),
  ];
}

/** Runs whose Galgo was killed, and which another one can go on with; why not, where none can. Nothing where there are none. */
function adoptableFacts(): Fact[] {
  try {
    return adoptable()
      .filter(({ tasks, run }) => tasks > 0 || run !== undefined)
      .map(({ slot, pid, tasks, run, why }) => {
        const tasksOf = tasks === 1 ? "1 task" : `${tasks} tasks`;
        const what =
          run === undefined
            ? `nobody can go on with it: ${why ?? "unknown"}`
            : `galgo adopt ${run.name} goes on with it; a daemon does so with its own when it starts`;
        return fact(
          `bpf-adoptable-${slot}`,
          `  namespace ${slot} of process ${pid}, which is dead`,
          false,
          `${tasksOf}; ${what}`,
        );
      });
  } catch {
    return []; // the step before says what is the matter
  }
}

function fact(id: string, title: string, ok: boolean | undefined, value: string): Fact {
  return { id, title, ok, value };
}

function machineFacts(env: Readonly<Record<string, string | undefined>>): Fact[] {
  const machine = arch();
  return [
    fact("kernel", "kernel", undefined, release()),
    fact("arch", "architecture", machine === "x64" || machine === "arm64", machine),
    fact("node", "Node.js", undefined, process.version),
    fact("uid", "user", undefined, `uid ${process.getuid?.() ?? -1}`),
    compilerFact(env["PATH"]),
  ];
}

function compilerFact(searchPath: string | undefined): Fact {
  for (const name of COMPILERS) {
    try {
      return fact("compiler", "C compiler", true, findCommand(name, searchPath));
    } catch {
      // the next one
    }
  }
  return fact("compiler", "C compiler", false, "none of cc, gcc, clang along PATH");
}

/** A trial as a fact; `say` words its value. */
function tried(
  id: string,
  title: string,
  trial: Trial | undefined,
  say: (value: number) => string = () => "yes",
): Fact {
  if (trial === undefined) return fact(id, title, false, "not tried: an earlier step failed");
  return trial.ok ? fact(id, title, true, say(trial.value)) : fact(id, title, false, trial.errno);
}

async function childFacts(): Promise<Fact[]> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, fileURLToPath(siblingModule(import.meta.url, "./child"))],
    {
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  const timer = setTimeout(() => child.kill("SIGKILL"), CHILD_DEADLINE_MS);
  try {
    const found = await readFindings(child);
    if (typeof found === "string")
      return [fact("trial-process", "process that tries", false, found)];
    return [...findingFacts(found), ...accessFacts(child.pid ?? -1)];
  } finally {
    clearTimeout(timer);
    child.stdin?.end();
  }
}

/** The child's one line, or why there is none. */
function readFindings(child: ChildProcess): Promise<ChildFindings | string> {
  return new Promise((resolve) => {
    let text = "";
    let trouble = "";
    child.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(JSON.parse(text.slice(0, end)) as ChildFindings);
    });
    child.stderr?.setEncoding("utf8").on("data", (part: string) => {
      trouble = `${trouble}${part}`.slice(0, 500);
    });
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) =>
      resolve(`ended early (${signal ?? `status ${code}`}) ${trouble.trim()}`),
    );
  });
}

function findingFacts(found: ChildFindings): Fact[] {
  const modules = found.securityModules;
  return [
    tried("user-notification", "seccomp user notification", found.listener, () => "listener made"),
    tried("continue", "  a held call goes on (CONTINUE)", found.continued),
    tried("addfd-send", "  a held call gets our descriptor (ADDFD + SEND)", found.injected),
    tried("wait-killable", "  signals do not disturb it (WAIT_KILLABLE_RECV)", found.waitKillable),
    tried("sync-wake-up", "  quick answers (SYNC_WAKE_UP)", found.syncWakeUp),
    tried("landlock", "Landlock", found.landlock, (abi) => `ABI ${abi}`),
    tried("fanotify", "fanotify permission events", found.fanotify),
    tried("io-uring", "io_uring can be set up", found.ioUring),
    fact(
      "btf",
      "kernel type information (BTF)",
      found.btf,
      found.btf ? "yes" : "no /sys/kernel/btf/vmlinux",
    ),
    fact(
      "bpf-lsm-active",
      "BPF security module active",
      activeText(modules) === "yes",
      activeText(modules),
    ),
    tried("bpf-lsm-load", "a BPF security program loads", found.bpfLsm),
  ];
}

function activeText(modules: readonly number[] | undefined): string {
  const names = securityModules();
  if (modules?.includes(LSM_BPF) === true || names?.includes("bpf") === true) return "yes";
  if (names !== undefined) return `no: ${names.join(",")}`;
  return modules === undefined ? "unknown: this kernel does not list its modules" : "no";
}

/** What a parent may do with its child. */
function accessFacts(pid: number): Fact[] {
  return [
    tried("pidfd-getfd", "take a child's descriptor (pidfd_getfd)", tryPidfdGetfd(pid, 0)),
    tried(
      "process-vm-readv",
      "read a child's memory (process_vm_readv)",
      tryProcessVmReadv(pid, stackAddress(pid)),
    ),
    yamaFact(),
  ];
}

/** Address of something readable in another process; 0 when its map can not be read. */
function stackAddress(pid: number): bigint {
  const line = readText(`/proc/${pid}/maps`)
    ?.split("\n")
    .find((entry) => entry.endsWith("[stack]"));
  const range = line?.split(" ")[0]?.split("-");
  // the upper end: the lower pages of a stack may not be there yet
  return range?.[1] === undefined ? 0n : BigInt(`0x${range[1]}`) - 8n;
}

function yamaFact(): Fact {
  const scope = readText("/proc/sys/kernel/yama/ptrace_scope")?.trim();
  return fact("yama", "Yama ptrace scope", undefined, scope ?? "no Yama");
}

async function cgroupFacts(): Promise<Fact[]> {
  const group = createCgroup("doctor");
  if ("unavailable" in group)
    return [fact("cgroup", "cgroup v2 of our own", false, group.unavailable)];
  const kill = existsSync(join(group.path, "cgroup.kill"));
  await group.remove();
  return [
    fact("cgroup", "cgroup v2 of our own", true, dirname(group.path)),
    fact(
      "cgroup-kill",
      "  can be killed as a whole (cgroup.kill)",
      kill,
      kill ? "yes" : "no: kernel < 5.14",
    ),
  ];
}

/** Starts a workload held and kills it before its first instruction: launcher, filter and listener in one try. */
async function launcherFacts(): Promise<Fact[]> {
  const native = await tryLauncher("native");
  const facts = [
    fact("launcher", "native launcher", native === undefined, native ?? "holds a workload"),
  ];
  if (native === undefined) return facts;
  const node = await tryLauncher("node");
  return [
    ...facts,
    fact("launcher-node", "launcher in Node", node === undefined, node ?? "holds a workload"),
  ];
}

/** Why this launcher does not work; undefined when it does. */
async function tryLauncher(launcher: LauncherKind): Promise<string | undefined> {
  try {
    const workload = await launchWorkload({
      command: ["true"],
      path: process.execPath,
      env: {},
      cwd: "/",
      filter: buildFilter(thisMachine()),
      noNewPrivs: true,
      launcher,
    });
    workload.kill();
    await workload.drained;
    closeSync(workload.listenerFd);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What a TSEM kernel offers, up to a namespace with nothing in it. */
function tsemFacts(folder: string): Fact[] {
  const { present, refusal, names } = probeTsem(folder);
  if (!present) return [fact("tsem", "TSEM control files", false, `no ${folder}/control`)];
  const spelled = names === "older" ? "names of before 2024" : "names since 2024";
  return [
    fact("tsem", "TSEM control files", true, `${folder}, ${spelled}`),
    macAdminFact(),
    fact("tsem-control", "  commands are taken", refusal === undefined, refusal ?? "yes"),
    ...(refusal === undefined ? [tsemNamespaceFact(folder)] : []),
  ];
}

function macAdminFact(): Fact {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readText("/proc/self/status") ?? "")?.[1] ?? "0";
  const has = ((BigInt(`0x${effective}`) >> 33n) & 1n) === 1n;
  return fact("tsem-mac-admin", "  CAP_MAC_ADMIN", has, has ? "yes" : "no");
}

function tsemNamespaceFact(folder: string): Fact {
  const title = "  a namespace can be made";
  try {
    const { authority } = tryNamespace(folder);
    const kernel =
      authority === "tnum" ? "tasks have serial numbers (2025)" : "answers show a key (2024)";
    return fact("tsem-namespace", title, true, kernel);
  } catch (error) {
    return fact(
      "tsem-namespace",
      title,
      false,
      error instanceof Error ? error.message : String(error),
    );
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
