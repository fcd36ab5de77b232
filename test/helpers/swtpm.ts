// SPDX-License-Identifier: Apache-2.0
// A TPM 2.0 in software (apt swtpm), new for whoever starts it, and the tools of apt tpm2-tools speaking to it.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SWTPM = "/usr/bin/swtpm";
const TOOLS = "/usr/bin/tpm2_checkquote";

/** Why tests that need an emulator can not be run here; false when they can. */
export const noSwtpm: string | false = existsSync(SWTPM) ? false : "needs swtpm";
/** The same for tests that need the tools besides. */
export const noTpmTools: string | false =
  noSwtpm || (existsSync(TOOLS) ? false : "needs tpm2-tools");

/** Written when the emulator listens; its socket is there a little earlier, and refuses. */
const PID_FILE = "swtpm.pid";

/** Connects what a tool says on its standard streams with the socket. */
const BRIDGE =
  "const s=require('net').connect(process.argv[1]);process.stdin.pipe(s);s.pipe(process.stdout)";

export class Swtpm {
  /** A private directory; the tools work in it. */
  readonly folder: string;
  #child: ChildProcess;

  /** For `Tpm.open`. The emulator serves one connection at a time. */
  readonly address: string;

  private constructor(folder: string, child: ChildProcess, address: string) {
    this.folder = folder;
    this.#child = child;
    this.address = address;
  }

  static async start(): Promise<Swtpm> {
    const folder = mkdtempSync(join(tmpdir(), "galgo-swtpm-"));
    const child = spawnSwtpm(folder);
    await appeared(folder, PID_FILE, child);
    return new Swtpm(folder, child, `unix:${join(folder, "tpm.sock")}`);
  }

  /** One behind a character device instead of a socket. The tools can not speak to it. */
  static async startDevice(): Promise<Swtpm> {
    const folder = mkdtempSync(join(tmpdir(), "galgo-swtpm-"));
    const script = join(import.meta.dirname, "swtpm-device.py");
    const child = spawn("/usr/bin/python3", [script, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [device]: unknown[] = await once(child.stdout, "data");
    return new Swtpm(folder, child, String(device).trim());
  }

  /** Runs one of the tools in `folder`; fails when it does. Nobody else may be connected. */
  tool(name: string, ...args: readonly string[]): string {
    const { status, output } = this.tryTool(name, ...args);
    assert.equal(status, 0, `${name}: ${output}`);
    return output;
  }

  /** How the tools find the emulator (TPM2TOOLS_TCTI). */
  get tcti(): string {
    return `cmd:${process.execPath} -e "${BRIDGE}" ${join(this.folder, "tpm.sock")}`;
  }

  tryTool(name: string, ...args: readonly string[]): { status: number | null; output: string } {
    const env = { PATH: "/usr/bin:/bin", TPM2TOOLS_TCTI: this.tcti };
    const done = spawnSync(name, args, { cwd: this.folder, env, encoding: "utf8" });
    return { status: done.status, output: `${done.stdout}${done.stderr}` };
  }

  /** Takes the emulator away and brings it back: what a machine's reset does to a TPM. */
  async reset(): Promise<void> {
    await this.kill();
    rmSync(join(this.folder, PID_FILE), { force: true });
    this.#child = spawnSwtpm(this.folder);
    await appeared(this.folder, PID_FILE, this.#child);
  }

  /** It answers nothing until `wake`. */
  hang(): void {
    this.#child.kill("SIGSTOP");
  }

  wake(): void {
    this.#child.kill("SIGCONT");
  }

  /** Ends the emulator at once, as if the TPM was taken away. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true });
  }
}

function spawnSwtpm(folder: string): ChildProcess {
  return spawn(
    SWTPM,
    [
      "socket",
      "--tpm2",
      ...["--tpmstate", `dir=${folder}`],
      ...["--server", `type=unixio,path=${join(folder, "tpm.sock")}`],
      ...["--flags", "not-need-init,startup-clear"],
      ...["--pid", `file=${join(folder, PID_FILE)}`],
      ...["--log", `file=${join(folder, "swtpm.log")}`],
    ],
    { stdio: ["ignore", "ignore", "ignore"] },
  );
}

async function appeared(folder: string, name: string, child: ChildProcess): Promise<void> {
  const stop = new AbortController();
  const watcher = watch(folder, { signal: stop.signal });
  try {
    while (!existsSync(join(folder, name))) {
      const event = await Promise.race([
        once(watcher, "change", { signal: stop.signal }),
        once(child, "exit", { signal: stop.signal }),
      ]);
      assert.equal(child.exitCode, null, `swtpm ended at once: ${String(event[0])}`);
    }
  } finally {
    stop.abort();
  }
}
