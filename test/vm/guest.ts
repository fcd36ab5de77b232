// SPDX-License-Identifier: Apache-2.0
// A guest by hand. Usage:
//   guest.ts [OPTION...] [--push FROM:TO]... -- COMMAND...      boot, push, run, end; the status is that of COMMAND
//   guest.ts start --name NAME [OPTION...] [--hours N]          boot one that stays (4 hours)
//   guest.ts run NAME [--timeout SECONDS] -- COMMAND...         run in it (stdin is passed on)
//   guest.ts push NAME FROM TO | galgo NAME | stop NAME | list
// Options: --kernel 6.1|6.12|newest, --smp N, --memory MIB, --icount SHIFT, --append WORDS, --tpm, --no-galgo (do not push Galgo to /opt/galgo).
import { parseArgs } from "node:util";
import { passOn } from "./lib/agent.ts";
import { VmError } from "./lib/errors.ts";
import { type BootOptions, Guest, type GuestLink } from "./lib/guest.ts";
import { isKernelName, KERNELS, whyNoGuests } from "./lib/images.ts";
import { findKept, keptGuests, removeLeftFolders, startKept, stopKept } from "./lib/kept.ts";
import { buildGalgo, GALGO_IN_GUEST, pushGalgo } from "./lib/payload.ts";

const STATUS_FAILED = 125;
const STATUS_TIMEOUT = 124;
const SIGNALED = 128;

const OPTIONS = {
  kernel: { type: "string", default: "6.12" },
  smp: { type: "string" },
  memory: { type: "string" },
  icount: { type: "string" },
  append: { type: "string" },
  tpm: { type: "boolean" },
  push: { type: "string", multiple: true },
  "no-galgo": { type: "boolean" },
  name: { type: "string" },
  hours: { type: "string", default: "4" },
  timeout: { type: "string" },
} as const;

function parse(args: string[]) {
  return parseArgs({ args, options: OPTIONS, allowPositionals: true });
}
type Values = ReturnType<typeof parse>["values"];

async function main(args: readonly string[]): Promise<number> {
  const cut = args.indexOf("--");
  const command = cut < 0 ? [] : args.slice(cut + 1);
  const { values, positionals } = parse(cut < 0 ? [...args] : args.slice(0, cut));
  const [verb, ...rest] = positionals;
  switch (verb) {
    case undefined:
      return once(values, command);
    case "start":
      return start(values);
    case "run":
      return runIn(findKept(need(rest[0], "NAME")), command, values);
    case "push":
      await findKept(need(rest[0], "NAME")).push(need(rest[1], "FROM"), need(rest[2], "TO"));
      return 0;
    case "galgo":
      await buildGalgo();
      await pushGalgo(findKept(need(rest[0], "NAME")));
      return 0;
    case "stop":
      stopKept(need(rest[0], "NAME"));
      return 0;
    case "list":
      for (const { name, kernel, pid } of keptGuests())
        console.log(`${name}  ${kernel}  pid ${pid}`);
      return 0;
    default:
      throw new VmError(
        "vm-unable",
        `${verb} is not something that this does (see the top of this file)`,
      );
  }
}

async function once(values: Values, command: readonly string[]): Promise<number> {
  need(command[0], "-- COMMAND");
  if (values["no-galgo"] !== true) await buildGalgo();
  await using guest = await Guest.boot(bootOptions(values));
  if (values["no-galgo"] !== true) await pushGalgo(guest);
  for (const pair of values.push ?? []) {
    const [from = "", to = ""] = pair.split(":");
    await guest.push(need(from, "FROM:TO"), need(to, "FROM:TO"));
  }
  return await runIn(guest, command, values);
}

async function start(values: Values): Promise<number> {
  const name = need(values.name, "--name NAME");
  const { kernel, ...options } = bootOptions(values);
  if (values["no-galgo"] !== true) await buildGalgo();
  const guest = await startKept(name, { ...options, kernel, keepHours: Number(values.hours) });
  if (values["no-galgo"] !== true) await pushGalgo(guest);
  console.log(`${name} runs (${kernel}); Galgo is in ${GALGO_IN_GUEST}`);
  return 0;
}

async function runIn(
  guest: GuestLink,
  argv: readonly string[],
  { timeout }: Values,
): Promise<number> {
  need(argv[0], "-- COMMAND");
  const running = guest.start(argv, {
    stdin: process.stdin,
    onStdout: passOn(process.stdout),
    onStderr: passOn(process.stderr),
  });
  let late = false;
  const limit = Number(timeout ?? 0);
  const end = (): void => {
    late = true;
    running.drop();
  };
  const timer = limit > 0 ? setTimeout(end, limit * 1000) : undefined;
  try {
    const { status, signal } = await running.ended;
    return signal === 0 ? status : SIGNALED + signal;
  } catch (error) {
    if (!late) throw error;
    console.error(`guest: not done after ${limit} s`);
    return STATUS_TIMEOUT;
  } finally {
    clearTimeout(timer);
  }
}

function bootOptions(values: Values): BootOptions {
  const { kernel, append } = values;
  if (!isKernelName(kernel)) {
    throw new VmError("vm-unable", `no kernel is called ${kernel}: ${KERNELS.join(", ")} are`);
  }
  const why = whyNoGuests(kernel);
  if (why !== undefined) throw new VmError("vm-unable", why);
  removeLeftFolders();
  const number = (name: "smp" | "memory" | "icount") => {
    const value = values[name];
    return value === undefined ? {} : { [name]: Number(value) };
  };
  return {
    kernel,
    ...number("smp"),
    ...number("memory"),
    ...number("icount"),
    ...(append === undefined ? {} : { append }),
    ...(values.tpm === true ? { tpm: true } : {}),
  };
}

function need(value: string | undefined, what: string): string {
  if (value === undefined || value === "") throw new VmError("vm-unable", `needs ${what}`);
  return value;
}

// so that what ends this in the middle of a boot ends the guest too
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(STATUS_FAILED));
}
try {
  const status = await main(process.argv.slice(2));
  // stdin may still be open, and output to a pipe is written later
  process.stdout.write("", () => process.exit(status));
} catch (error) {
  console.error(`guest: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(STATUS_FAILED);
}
