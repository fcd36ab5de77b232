// SPDX-License-Identifier: Apache-2.0
// Registers the guest cases with node:test: one guest for all cases of a kernel, a new one after a failure.
import assert from "node:assert/strict";
import { after, describe, it, type TestContext } from "node:test";
import { CASES } from "../cases/index.ts";
import { type GuestCase, isOn, type Level } from "./case.ts";
import { VmError } from "./errors.ts";
import { Guest } from "./guest.ts";
import { images, type KernelName, whyNoGuests } from "./images.ts";
import { removeLeftFolders } from "./kept.ts";
import { buildGalgo, pushGalgo } from "./payload.ts";

const CASE_TIMEOUT_MS = 120_000;
/** A case may have to wait for its guest. */
const BOOT_TIMEOUT_MS = 240_000;
const LOG_TAIL = 3000;
const LOG_TIMEOUT_MS = 20_000;
/** What a kernel prints when something in it went wrong. */
const COMPLAINT =
  /\b(?:WARNING: |BUG: |Oops: |INFO: task .* blocked|general protection fault|rcu.* stall)/;

/**
 * Registers what takes part in a run of this level with this kernel.
 * @param filters when given, only files of cases whose name holds one of them
 */
export async function registerCases(
  kernel: KernelName,
  level: Level,
  filters: readonly string[] = [],
): Promise<void> {
  const files = Object.entries(CASES)
    .filter(([file]) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .map(([file, cases]) => ({ file, cases: cases.filter((one) => isOn(one, kernel, level)) }))
    .filter(({ cases }) => cases.length > 0);
  if (files.length === 0) return;
  const why = whyNoGuests(kernel) ?? (await whyNoImages(kernel));
  if (why === undefined) removeLeftFolders();
  describe(`in a guest with kernel ${kernel}`, { skip: why ?? false }, () => {
    const shared = new SharedGuest(kernel);
    after(async () => void (await shared.end()));
    for (const { file, cases } of files) {
      describe(file, () => {
        for (const one of cases) register(one, shared, why);
      });
    }
    it("the kernel did not complain", { skip: why ?? false }, () => shared.checkComplaints());
  });
}

function register(one: GuestCase, shared: SharedGuest, why: string | undefined): void {
  const timeout = (one.timeoutMs ?? CASE_TIMEOUT_MS) + BOOT_TIMEOUT_MS;
  it(one.name, { skip: why ?? false, timeout }, (t) => shared.use(one, t));
}

/** Images are made before anything is registered, so that a machine without network skips instead of failing. */
async function whyNoImages(kernel: KernelName): Promise<string | undefined> {
  try {
    await images(kernel);
    return undefined;
  } catch (error) {
    if (error instanceof VmError && error.code === "vm-image") return error.message;
    throw error;
  }
}

/** Of a guest that answers; else what came to the console. */
async function kernelLog(guest: Guest): Promise<string> {
  try {
    return await guest.sh("dmesg", { timeoutMs: LOG_TIMEOUT_MS });
  } catch (error) {
    if (error instanceof VmError) return `BUG: ${error.message}\n${guest.console()}`;
    throw error;
  }
}

/** The guest that the cases of a kernel have in turn. */
class SharedGuest {
  readonly #kernel: KernelName;
  readonly #complaints: string[] = [];
  #guest: Guest | undefined;

  constructor(kernel: KernelName) {
    this.#kernel = kernel;
  }

  async use(one: GuestCase, t: TestContext): Promise<void> {
    const guest = this.#guest ?? (await this.#boot());
    this.#guest = guest;
    try {
      await one.run(guest, t);
    } catch (error) {
      const log = await this.end();
      t.diagnostic(`the guest's kernel said last: ${log.slice(-LOG_TAIL)}`);
      throw error;
    }
  }

  async checkComplaints(): Promise<void> {
    await this.end();
    assert.deepEqual(this.#complaints, []);
  }

  /** @returns the log of its kernel */
  async end(): Promise<string> {
    if (this.#guest === undefined) return "";
    await using guest = this.#guest;
    this.#guest = undefined;
    const log = await kernelLog(guest);
    this.#complaints.push(...log.split("\n").filter((line) => COMPLAINT.test(line)));
    return log;
  }

  async #boot(): Promise<Guest> {
    await buildGalgo();
    const guest = await Guest.boot({ kernel: this.#kernel });
    await pushGalgo(guest);
    return guest;
  }
}
