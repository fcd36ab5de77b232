// SPDX-License-Identifier: Apache-2.0
// From what people write after --tma to a place that can be started: which program, which image, which digest, which deadlines.
import { createHash, randomInt } from "node:crypto";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { builtFile, nativeName } from "../../native/built-file.ts";
import { AgentError } from "../agent-errors.ts";
import type { LinkTimes } from "../link/link-client.ts";
import { localityText, type BoardName, type Locality } from "../locality.ts";
import { IMAGE, LINK, type Child, type Place, type PlaceKind } from "./place.ts";

/** An agent on this machine answers in microseconds; what it does not answer in two seconds it does not answer. */
const NEAR: LinkTimes = {
  helloMs: 10_000,
  helloEveryMs: 100,
  againMs: 500,
  deadlineMs: 2_000,
  longDeadlineMs: 10_000,
};
/** Behind a serial port a frame of a kilobyte takes a tenth of a second, and a small processor computes a state in seconds. */
const FAR: LinkTimes = {
  helloMs: 5_000,
  helloEveryMs: 200,
  againMs: 700,
  deadlineMs: 4_000,
  longDeadlineMs: 30_000,
};

/** Users that systemd gives to nobody in particular: an agent of root runs as one of them. */
const UIDS = { first: 61_184, last: 65_519 };

const QEMU_COMMON = [
  "-nodefaults",
  "-no-user-config",
  "-no-reboot",
  "-display",
  "none",
  "-monitor",
  "none",
];
const SANDBOX = [
  "-sandbox",
  "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
];
const CHARDEV = ["-chardev", `socket,id=link,fd=${LINK}`];

/** Where images of agents are looked for, in this order. */
export function imageFolders(stateRoot?: string): string[] {
  return [builtFile("tma"), ...(stateRoot === undefined ? [] : [join(stateRoot, ".tma")])];
}

/** File of the agent for a place or board. */
export function imageName(place: "process" | "vm" | BoardName): string {
  if (place === "process") return nativeName("tma");
  return place === "vm" ? "galgo-tma-vm.elf" : `galgo-tma-${place}.elf`;
}

/**
 * @param stateRoot folder in which `galgo tma build` may have put images
 * @returns undefined for in-process
 * @throws AgentError NOT_STARTED when what the place needs is not on this machine, with what to install or to run
 */
export function readyPlace(locality: Locality, stateRoot?: string): Place | undefined {
  const text = localityText(locality);
  switch (locality.kind) {
    case "in-process":
      return undefined;
    case "wasm": {
      const file = builtFile("tma", "tma.wasm");
      const codeDigest = digestOf(file, text, "npm run build makes it");
      return {
        kind: "wasm",
        text,
        ask: locality.ask,
        codeDigest,
        start: { way: "load", file },
        times: NEAR,
      };
    }
    case "process":
      return spawning(locality, "process", {
        image: imageName("process"),
        args: processArgs(),
        stateRoot,
      });
    case "vm":
      return spawning(locality, "vm", { image: imageName("vm"), ...vmCommand(), stateRoot });
    case "board": {
      const { board } = locality;
      return spawning(locality, "serial", {
        image: imageName(board),
        ...boardCommand(board),
        stateRoot,
      });
    }
    case "device": {
      const { device, keyFile, ask } = locality;
      return { kind: "serial", text, ask, start: { way: "open", device, keyFile }, times: FAR };
    }
    case "remote":
      throw new AgentError(
        "BAD_OPTION",
        `--tma ${text} needs a model and a daemon: it is for runs`,
      );
    case "sancho": {
      const { device, events, ask, settleMs } = locality;
      return {
        kind: "serial",
        text,
        ask,
        start: { way: "sancho", device, events, settleMs },
        times: FAR,
      };
    }
  }
}

interface Command {
  readonly image: string;
  readonly program?: string;
  readonly args: readonly string[];
  readonly stateRoot: string | undefined;
}

function spawning(
  locality: Locality & { kind: "process" | "vm" | "board" },
  kind: PlaceKind,
  command: Command,
): Place {
  const text = localityText(locality);
  const image = found(command.image, text, command.stateRoot);
  const uid = process.getuid?.() === 0 ? randomInt(UIDS.first, UIDS.last + 1) : undefined;
  const program = command.program === undefined ? undefined : programFile(command.program, text);
  const own = uid === undefined ? [] : [String(uid)];
  const start: Child = {
    way: "spawn",
    image,
    args: program === undefined ? [...command.args, ...own] : command.args,
    ...(program === undefined ? {} : { program, holder: holderFile(text) }),
    ...(uid === undefined ? {} : { uid }),
  };
  const times = kind === "serial" ? FAR : NEAR;
  return { kind, text, ask: locality.ask, codeDigest: digestOf(image, text, ""), start, times };
}

function processArgs(): string[] {
  return [LINK];
}

function vmCommand(): { program: string; args: string[] } {
  const machine = "microvm,x-option-roms=off,pit=off,pic=off,rtc=off,isa-serial=off,acpi=off";
  // QEMU's own interpreter: /dev/kvm is not needed, and is not the same everywhere
  const args = [
    "-M",
    machine,
    "-accel",
    "tcg",
    "-cpu",
    "max",
    "-m",
    "4M",
    ...QEMU_COMMON,
    ...SANDBOX,
  ];
  const console = [
    "-device",
    "virtio-serial-device,max_ports=1",
    "-device",
    "virtconsole,chardev=link",
  ];
  return {
    program: "qemu-system-x86_64",
    args: [...args, "-kernel", IMAGE, ...CHARDEV, ...console],
  };
}

function boardCommand(board: BoardName): { program: string; args: string[] } {
  const args = ["-M", board, ...QEMU_COMMON, ...SANDBOX, "-kernel", IMAGE, ...CHARDEV];
  return { program: "qemu-system-arm", args: [...args, "-serial", "chardev:link"] };
}

function holderFile(text: string): string {
  const file = builtFile("native", nativeName("hold"));
  if (readable(file)) return file;
  throw new AgentError(
    "NOT_STARTED",
    `--tma ${text} needs ${file}: npm run build makes it, with a C compiler`,
  );
}

function found(image: string, text: string, stateRoot: string | undefined): string {
  const folders = imageFolders(stateRoot);
  const file = folders.map((folder) => join(folder, image)).find(readable);
  if (file !== undefined) return file;
  const make = `galgo tma build --tma ${text.split(",")[0]} makes it`;
  throw new AgentError(
    "NOT_STARTED",
    `--tma ${text}: there is no ${image} in ${folders.join(" or ")}; ${make}`,
  );
}

const PACKAGES: Readonly<Record<string, string>> = {
  "qemu-system-x86_64": "qemu-system-x86",
  "qemu-system-arm": "qemu-system-arm",
};

function programFile(name: string, text: string): string {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/local/bin"];
  const file = folders.map((folder) => join(folder, name)).find(readable);
  if (file !== undefined) return file;
  throw new AgentError(
    "NOT_STARTED",
    `--tma ${text} needs ${name} (apt: ${PACKAGES[name] ?? name})`,
  );
}

function readable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function digestOf(file: string, text: string, advice: string): string {
  try {
    return createHash("sha256").update(readFileSync(file)).digest("hex");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AgentError("NOT_STARTED", `--tma ${text}: ${why}${advice && `; ${advice}`}`, {
      cause,
    });
  }
}

/**
 * A fleet that is asked about what is outside of the model with this digest.
 * @throws AgentError NOT_STARTED: nobody has said where the daemon is
 */
export function fleetPlace(locality: Locality & { kind: "remote" }, model: string): Place {
  const text = localityText(locality);
  const { socket, withinMs } = locality;
  if (socket === undefined) {
    const problem = `--tma ${text} needs a daemon that has joined a fleet`;
    throw new AgentError("NOT_STARTED", `${problem}: galgo fleet join URL --token TOKEN`);
  }
  const start = { way: "fleet", socket, withinMs, model } as const;
  return { kind: "remote", text, ask: "new", start, times: NEAR };
}
