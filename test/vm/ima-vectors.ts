// SPDX-License-Identifier: Apache-2.0
// Makes test/vectors/ima: measurement lists of real kernels, with the registers of the TPM (swtpm) that they extended. Each list is of
// a guest of its own that was started with `ima_policy=tcb`. Usage: node --import tsx test/vm/ima-vectors.ts [NAME...]
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { Guest } from "./lib/guest.ts";
import type { KernelName } from "./lib/images.ts";
import { pushProgram } from "./lib/programs.ts";

const FOLDER = resolve(import.meta.dirname, "..", "vectors", "ima");
const IMA = "/sys/kernel/security/ima";
const BANKS = ["sha1", "sha256", "sha384", "sha512"] as const;
const TRIES = 5;

interface Wanted {
  readonly kernel: KernelName;
  readonly append: string;
  /** The lists that are kept: names of files without `_runtime_measurements`. */
  readonly lists: readonly string[];
}

const FEW = ["binary", "ascii"];
const MANY = ["binary_sha256", "ascii_sha256"];
const EVERY = [...BANKS.map((bank) => `binary_${bank}`), "ascii_sha1", "ascii_sha256"];

/** By the name of their vectors. Kernel 6.1 has no lists per bank. */
const WANTED: Readonly<Record<string, Wanted>> = {
  "6.12-ima": { kernel: "6.12", append: "ima_template=ima ima_hash=sha1", lists: FEW },
  "6.12-ima-ng": { kernel: "6.12", append: "ima_template=ima-ng ima_hash=sha512", lists: MANY },
  // |critical_data: the kernel measures its own version, with the template ima-buf
  "6.12-ima-sig": { kernel: "6.12", append: "ima_policy=tcb|critical_data", lists: EVERY },
  "6.12-ima-ngv2": { kernel: "6.12", append: "ima_template=ima-ngv2", lists: MANY },
  "6.12-ima-sigv2": { kernel: "6.12", append: "ima_template=ima-sigv2", lists: MANY },
  "6.12-evm-sig": { kernel: "6.12", append: "ima_template=evm-sig", lists: ["binary_sha256"] },
  "6.12-format": { kernel: "6.12", append: "ima_template_fmt=d-ng|n-ng|sig", lists: MANY },
  // where an older kernel panics when it is to measure without the LSM integrity
  "6.1-ima-sig": {
    kernel: "6.1",
    append: "lsm=lockdown,capability,landlock,yama,integrity,bpf",
    lists: FEW,
  },
  "newest-ima-sig": { kernel: "newest", append: "", lists: MANY },
};

interface SignedFile {
  readonly name: string;
  readonly text: string;
  readonly signature: string;
}

async function make(name: string, { kernel, append, lists }: Wanted): Promise<void> {
  const policy = append.includes("ima_policy=") ? "" : "ima_policy=tcb ";
  await using guest = await Guest.boot({ kernel, tpm: true, append: `${policy}${append}` });
  await measureSome(guest);
  const { count, files, registers } = await snapshot(guest, lists);
  const kept = Object.entries(files).map(([file, bytes]) => [
    file,
    gzipSync(bytes, { level: 9 }).toString("base64"),
  ]);
  const vector = {
    kernel: guest.release,
    cmdline: `${policy}${append}`.trim(),
    entries: count,
    registers,
    gzip: Object.fromEntries(kept),
  };
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(vector, undefined, 1)}\n`);
  console.log(`${name}: ${count} entries, kernel ${guest.release}`);
}

/** Names that the kernel writes in its own way, signed files, and both kinds of violations. */
async function measureSome(guest: Guest): Promise<void> {
  const measured = await pushProgram(guest, "measured");
  const run = (...args: readonly string[]) =>
    guest.run([measured, ...args]).then(({ status, stderr }) => {
      if (status !== 0) throw new Error(`measured ${args.join(" ")}: ${stderr}`);
    });
  const put = (path: string, text: string) =>
    guest.run(["sh", "-c", 'cat >"$0"', path], { stdin: text });
  const { files } = JSON.parse(readFileSync(join(FOLDER, "signed-files.json"), "utf8")) as {
    readonly files: readonly SignedFile[];
  };
  for (const { name, text, signature } of files) {
    await put(name, text);
    await run("sign", name, signature);
  }
  for (const path of ["/root/two words", "/root/Žluťoučký", "/root/changed"]) {
    await put(path, "content\n");
    await run("read", path);
  }
  await put("/root/changed", "another content\n");
  await run("read", "/root/changed");
  for (const action of ["before", "after"]) {
    await put(`/root/violated-${action}`, "content\n");
    await run(action, `/root/violated-${action}`);
  }
}

interface Snapshot {
  readonly count: number;
  readonly files: Readonly<Record<string, Buffer>>;
  readonly registers: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Lists and registers of one instant: no entry came while they were read. */
async function snapshot(guest: Guest, lists: readonly string[]): Promise<Snapshot> {
  const read = async (path: string) => Buffer.from(await guest.sh(`base64 ${path}`), "base64");
  const count = async () => Number((await read(`${IMA}/runtime_measurements_count`)).toString());
  for (let left = TRIES; left > 0; left -= 1) {
    const before = await count();
    const files: Record<string, Buffer> = {};
    for (const list of lists) {
      const [form = "", bank] = list.split("_");
      const end = bank === undefined ? "" : `_${bank}`;
      files[list] = await read(`${IMA}/${form}_runtime_measurements${end}`);
    }
    const registers: Record<string, Record<string, string>> = {};
    for (const bank of BANKS) registers[bank] = await registersOf(guest, bank);
    if ((await count()) === before) return { count: before, files, registers };
  }
  throw new Error("the guest does not stop measuring");
}

async function registersOf(guest: Guest, bank: string): Promise<Record<string, string>> {
  const told = await guest.sh(
    `cd /sys/class/tpm/tpm0/pcr-${bank} && for n in 0 1 2 3 4 5 6 7 8 9 10; do echo "$n $(cat $n)"; done`,
  );
  const pairs = told
    .trim()
    .split("\n")
    .map((line) => line.toLowerCase().split(" "));
  return Object.fromEntries(pairs);
}

for (const [name, wanted] of Object.entries(WANTED)) {
  const asked = process.argv.slice(2);
  if (asked.length === 0 || asked.includes(name)) await make(name, wanted);
}
