// SPDX-License-Identifier: Apache-2.0
// The built programs: which of them this kernel can take, loading them, and pinning what stays.
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import { BpfObject, type BpfProgram } from "../../native/bpf-object.ffi.ts";
import { KernelTypes } from "../../native/kernel-types.ffi.ts";
import { removePins } from "./bpffs.ts";
import { BpfSensorError } from "./errors.ts";

/** Sections of programs that are run when asked for, and attached to nothing. */
const ON_DEMAND = /^(?:syscall$|iter(?:\.s)?\/)/;
/** Sections of programs that are attached to a function of the kernel: what stands behind the slash is its name, or its hook's. */
const TO_FUNCTION = /^(lsm|fentry|fexit|fmod_ret)(?:\.s)?\/(\w+)$/;

/** What the object is, and under which name it is kept. */
export interface BuiltPrograms {
  readonly path: string;
  /** Beginning of the SHA-256 of the file. */
  readonly build: string;
}

/** @throws BpfSensorError NO_PROGRAMS */
export function builtPrograms(path: string): BuiltPrograms {
  try {
    const build = createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 16);
    return { path, build };
  } catch (cause) {
    throw new BpfSensorError(
      "NO_PROGRAMS",
      `the kernel programs of the bpf sensor are not there (${quote(path)}): npm run build, with clang, llvm and libbpf-dev installed`,
      { cause },
    );
  }
}

/** Whether a kernel has what the program is attached to. */
export function canAttach(section: string, kernel: Pick<KernelTypes, "hasFunction">): boolean {
  const [, kind, name] = TO_FUNCTION.exec(section) ?? [];
  if (name === undefined) return true;
  return kernel.hasFunction(kind === "lsm" ? `bpf_lsm_${name}` : name);
}

/**
 * Loads the programs that this kernel has hooks for, attaches them, and pins programs, links and maps below `folder`, which
 * must not be there yet. A failure leaves nothing behind.
 * @throws BpfError LOAD_REFUSED and others
 */
export function loadPrograms({ path, build }: BuiltPrograms, folder: string): void {
  const object = BpfObject.open(path);
  try {
    using kernel = new KernelTypes();
    const wanted = object.programs.filter((program) => {
      const can = canAttach(program.section, kernel);
      program.setAutoload(can);
      return can;
    });
    object.load();
    writeConfig(object, build);
    pinAll(object, wanted, folder);
  } catch (error) {
    removePins(folder);
    throw error;
  } finally {
    object.close();
  }
}

/** struct galgo_config: a new key of SipHash, and who has loaded the programs. */
function writeConfig(object: BpfObject, build: string): void {
  const config = object.map("galgo_config").open();
  config.set(0, Buffer.concat([randomBytes(16), Buffer.from(build, "hex")]));
  config.close();
}

function pinAll(object: BpfObject, programs: readonly BpfProgram[], folder: string): void {
  for (const part of ["", "maps", "programs", "links", "slots"])
    mkdirSync(join(folder, part), { mode: 0o700 });
  for (const each of object.maps) {
    const map = each.open();
    map.pin(join(folder, "maps", each.name));
    map.close();
  }
  for (const program of programs) {
    if (ON_DEMAND.test(program.section)) {
      program.pin(join(folder, "programs", program.name));
    } else {
      const link = program.attach();
      link.pin(join(folder, "links", program.name));
      link.close();
    }
  }
  // says that nothing is missing: whoever dies before leaves a folder that the next one removes
  mkdirSync(join(folder, READY), { mode: 0o700 });
}

export const READY = "ready";
