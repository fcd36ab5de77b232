// SPDX-License-Identifier: Apache-2.0
// Plays the control plane of a TSEM kernel: a program of its own that serves /sys/kernel/security/tsem as real files over
// FUSE, with one file more, `hook`, through which a workload of a test says what the kernel would have seen it do:
//   echo "file_open /etc/hosts" > hook       waits until the orchestrator has answered; EPERM when it is refused
//   echo "async capable 21" > hook           exported, not waited for
//   echo "nopid tun_dev_open" > hook         a record that does not say who waits
//   echo 'raw {"export": ... PID TNUM' > hook  any text, and waits
//   echo "after-script" > hook               waits until the records of the script have been played
// argv: folder, options as JSON (KernelOptions). Orders and answers are JSON lines on stdin and stdout; end of stdin ends it.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { ERRNO, FuseServer } from "./fuse.ts";
import type { SimulatedFile, SimulatedFolder } from "./fuse.ts";
import { TsemKernel } from "./namespaces.ts";
import type { KernelOptions, SimulatedNamespace } from "./namespaces.ts";
import { hasMacAdmin } from "./tasks.ts";

const O_ACCMODE = 3;
const O_WRONLY = 1;
const KERNEL_PAGE = 4096;

interface SimulatorOptions extends KernelOptions {
  /** Names of folders before 2024. */
  readonly oldNames?: boolean;
  /** Answers to tasks are taken and never acknowledged: the writer hangs in its write. */
  readonly deaf?: boolean;
  /** Longest record that one read gives: what is longer is cut. */
  readonly pageBytes?: number;
  /**
   * What a read behind the beginning gives: nothing (default), the rest of the record, or the next record, as if it were one at the beginning.
   */
  readonly onward?: "nothing" | "rest" | "next";
  /** Export files give no bytes and no error where they should give a record. */
  readonly emptyReads?: boolean;
  /** The script as a file with a JSON list. */
  readonly scriptFile?: string;
  /** Files of the model of an internal namespace, by name. */
  readonly modelFiles?: Readonly<Record<string, string>>;
}

const [folder = "", json = "{}"] = process.argv.slice(2);
const options = JSON.parse(json) as SimulatorOptions;
const exportFiles = new Map<bigint, SimulatedFile>();
const script =
  options.scriptFile === undefined
    ? options.script
    : (JSON.parse(readFileSync(options.scriptFile, "utf8")) as readonly string[]);
const kernel = new TsemKernel({ ...options, ...(script && { script }) }, (namespace) => {
  const file = exportFiles.get(namespace.id);
  if (file !== undefined) server.wake(file);
});

const control: SimulatedFile = {
  mode: 0o200,
  open: ({ tid }, flags) =>
    hasMacAdmin(tid) && (flags & O_ACCMODE) === O_WRONLY ? true : { errno: ERRNO.EACCES },
  write: ({ tid }, data, later) => {
    const text = data.toString("latin1");
    if (options.deaf !== true || !/^(un)?trusted /.test(text)) later(kernel.command(tid, text));
  },
};

const id: SimulatedFile = {
  mode: 0o400,
  open: ({ tid }) => {
    const seen = kernel.idFor(tid);
    return typeof seen === "bigint" ? true : seen;
  },
  read: ({ tid }, size, offset) => {
    const seen = kernel.idFor(tid);
    return typeof seen === "bigint" ? whole(`${seen}\n`, size, offset) : seen;
  },
};

const aggregate: SimulatedFile = {
  mode: 0o400,
  read: (_, size, offset) => whole(`${options.aggregate}\n`, size, offset),
};

const hook: SimulatedFile = {
  mode: 0o222,
  write: ({ tid }, data, later) =>
    kernel.hook(tid, data.toString("latin1").trimEnd(), (answer) =>
      later(answer === 0 ? data.length : answer),
    ),
  interrupted: ({ tid }) => kernel.interrupted(tid),
};

function whole(text: string, size: number, offset: number): Buffer {
  return Buffer.from(text).subarray(offset, offset + size);
}

function exportFile(namespace: SimulatedNamespace): SimulatedFile {
  const known = exportFiles.get(namespace.id);
  if (known !== undefined) return known;
  let last: Buffer = Buffer.alloc(0);
  const file: SimulatedFile = {
    mode: 0o400,
    open: ({ tid }) => (hasMacAdmin(tid) ? true : { errno: ERRNO.EACCES }),
    read: (_, size, offset) => {
      const length = Math.min(size, options.pageBytes ?? KERNEL_PAGE);
      if (offset !== 0 && options.onward === "rest") return last.subarray(offset, offset + length);
      // one record from position 0; whoever did not seek back gets nothing more
      if (offset !== 0 && options.onward !== "next") return Buffer.alloc(0);
      const record = namespace.queue.shift();
      if (record === undefined) return { errno: ERRNO.ENODATA };
      last = record;
      return record.subarray(0, options.emptyReads === true ? 0 : length);
    },
    readable: () => namespace.queue.length > 0,
  };
  exportFiles.set(namespace.id, file);
  return file;
}

const external: SimulatedFolder = {
  entries: () =>
    new Map(
      [...kernel.namespaces]
        .filter(([, namespace]) => namespace.kind !== "internal")
        .map(([key, namespace]) => [String(key), exportFile(namespace)]),
    ),
};

const modelNames = [
  "measurement",
  "state",
  "trajectory",
  "trajectory_coefficients",
  "trajectory_counts",
  "forensics",
  "forensics_coefficients",
  "forensics_counts",
];
const modelFiles = new Map<string, SimulatedFile>(
  modelNames.map((name) => [
    name,
    {
      mode: 0o400,
      open: ({ tid }) =>
        kernel.seenBy(tid)?.kind === "internal" ? true : { errno: ERRNO.ENODATA },
      read: (_, size, offset) => whole(options.modelFiles?.[name] ?? "", size, offset),
    },
  ]),
);
const model0: SimulatedFolder = { entries: () => modelFiles };
const internal: SimulatedFolder = { entries: () => new Map([["model0", model0]]) };

const names =
  options.oldNames === true ? ["ExternalTMA", "InternalTMA"] : ["external_tma", "internal_tma"];
const rootEntries = new Map<string, SimulatedFile | SimulatedFolder>([
  ["control", control],
  ["id", id],
  ["aggregate", aggregate],
  ["hook", hook],
  [names[0] ?? "", external],
  [names[1] ?? "", internal],
]);

const server = new FuseServer(folder, { entries: () => rootEntries });
server.serve();

const orders = createInterface({ input: process.stdin });
orders.on("line", (line) => {
  const order = JSON.parse(line) as { readonly ask: string; readonly record?: string };
  if (order.ask === "state") {
    answer({
      commands: kernel.commands,
      rootTouched: kernel.rootTouched,
      waiting: kernel.waiting(),
      namespaces: [...kernel.namespaces.values()].map((namespace) => ({
        id: String(namespace.id),
        kind: namespace.kind,
        digest: namespace.digest,
        enforcing: namespace.enforcing,
        sealed: namespace.sealed,
        loaded: namespace.loaded,
        queued: namespace.queue.length,
      })),
    });
  }
});
orders.on("close", end);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);

/** The mount never outlives this process, unless by SIGKILL: then the next simulator takes it away. */
function end(): void {
  server.close();
  // a thread of Node's pool may still be in a read that nothing ends
  process.kill(process.pid, "SIGKILL");
}

function answer(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

answer({ ready: folder });
