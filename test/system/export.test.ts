// SPDX-License-Identifier: Apache-2.0
// Exports of a model, loaded by the tools that they are for: runc, systemd-analyze, and a Landlock launcher. What the model has
// works there, something else does not.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { before, describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { landlockAbi } from "../../src/native/landlock.ffi.ts";
import { Place } from "../cli/galgo.ts";
import { freePort } from "../workloads/servers.ts";
import { lacks } from "../workloads/workplace.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../examples/landlock/landlock-run.py");
const LANDLOCK_EXPORT_ABI = 6;
const run = promisify(execFile);

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function ended(
  command: string,
  args: readonly string[],
  cwd: string,
  env?: NodeJS.ProcessEnv,
): Promise<Ended> {
  try {
    const { stdout, stderr } = await run(command, [...args], {
      cwd,
      env: { ...process.env, ...env },
    });
    return { status: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as { code?: number } & Partial<Ended>;
    return { status: code ?? -1, stdout, stderr };
  }
}

async function learnTwice(place: Place, ...command: readonly string[]): Promise<void> {
  const options = ["-o", "m.json", "--runs", "2"];
  const { status, stderr } = await place.galgo("learn", ...options, "--", ...command);
  assert.equal(status, 0, stderr);
}

/** A model of a small script, and the place that it is in. */
async function learned(t: TestContext): Promise<Place> {
  const place = new Place(t);
  place.write("in.txt", "banana\n");
  place.write("script.sh", "cat in.txt; echo more >> log.txt; tail -n 1 log.txt\n");
  await learnTwice(place, "sh", "script.sh");
  return place;
}

async function exported(place: Place, form: string): Promise<string> {
  const { status, stdout, stderr } = await place.galgo(
    "model",
    "export",
    "m.json",
    "--to",
    form,
    "-o",
    form,
  );
  assert.equal(status, 0, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /weaker: which program does something does not count/);
  return place.path(form);
}

/** Whether a loss stands in the output; seccomp profiles have no place for it. */
function inOutput(form: string, output: string, loss: string): boolean {
  if (form === "systemd") return output.includes(`# - ${loss}\n`);
  if (form === "oci-seccomp") return true;
  const { losses } = JSON.parse(output) as { losses: { direction: string; text: string }[] };
  return losses.some(({ direction, text }) => `${direction}: ${text}` === loss);
}

describe("galgo model export", () => {
  it("says what is lost on stderr, in JSON, and in the output where it can", async (t) => {
    const place = await learned(t);
    for (const form of ["oci-seccomp", "systemd", "landlock"]) {
      const { status, stdout, stderr } = await place.galgo(
        "model",
        "export",
        "m.json",
        "--to",
        form,
        "--json",
      );
      assert.equal(status, 0, stderr);
      const result = JSON.parse(stdout) as {
        text: string;
        told: number;
        behaviours: number;
        losses: { direction: string; text: string }[];
      };
      assert.equal(result.told, result.behaviours);
      assert.ok(result.losses.length > 4);
      for (const { direction, text } of result.losses) {
        assert.ok(stderr.includes(`${direction}: ${text}`));
        assert.ok(inOutput(form, result.text, `${direction}: ${text}`), text);
      }
      const plain = await place.galgo("model", "export", "m.json", "--to", form);
      assert.equal(plain.stdout, result.text);
    }
  });

  it("needs a record for each behaviour, unless it is said that losses are fine", async (t) => {
    const place = await learned(t);
    const file = place.path("m.json.records.jsonl");
    const records = readFileSync(file, "utf8").trimEnd().split("\n");
    const cut = records.filter((line) => !line.includes("in.txt"));
    assert.ok(cut.length < records.length);
    writeFileSync(file, `${cut.join("\n")}\n`);
    const to = ["model", "export", "m.json", "--to", "landlock"];
    const refused = await place.galgo(...to, "-o", "out");
    assert.equal(refused.status, 125, refused.stderr);
    assert.match(refused.stderr, /1 of the \d+ behaviours of m\.json have no record/);
    assert.equal(existsSync(place.path("out")), false);
    const lossy = await place.galgo(...to, "--allow-loss");
    assert.equal(lossy.status, 0, lossy.stderr);
    assert.match(lossy.stderr, /stricter: 1 of \d+ behaviours have no record and are left out/);
    assert.doesNotMatch(lossy.stdout, /in\.txt/);
    rmSync(file);
    const without = await place.galgo(...to, "--allow-loss");
    assert.equal(without.status, 125);
    assert.match(without.stderr, /a model alone does not say what it allows/);
  });
});

describe("an exported OCI seccomp profile", () => {
  let control: Ended | undefined;
  before(async () => {
    if (process.getuid?.() === 0) control = await contained("true");
  });

  it("lets the workload run in a container of runc, and refuses what its model has not", async (t) => {
    if (lacks(t, "runc")) return;
    if (control?.status !== 0) {
      t.skip(`runc can not run a container here: ${control?.stderr ?? "not root"}`);
      return;
    }
    const place = await learned(t);
    const profile = await exported(place, "oci-seccomp");
    const script =
      "cd /tmp; echo banana >in.txt; cat in.txt; echo more >> log.txt; tail -n 1 log.txt";
    const good = await contained(script, profile);
    assert.deepEqual([good.status, good.stdout], [0, "banana\nmore\n"], good.stderr);
    for (const [attempt, words] of [
      ["ln -s a /tmp/link", /symbolic link '\/tmp\/link': Operation not permitted/],
      ["unshare --user true", /unshare failed: Operation not permitted/],
      ["mkdir /tmp/folder", /cannot create directory .*: Operation not permitted/],
      ["chroot / true", /cannot change root directory to '\/': Operation not permitted/],
    ] as const) {
      const allowed = await contained(attempt);
      assert.equal(allowed.status, 0, `${attempt} without the profile: ${allowed.stderr}`);
      const refused = await contained(attempt, profile);
      assert.notEqual(refused.status, 0, attempt);
      assert.match(refused.stderr, words);
    }
  });
});

let containers = 0;

/** Runs a script in a container of runc with the programs of this machine, under a profile. */
async function contained(script: string, profile?: string): Promise<Ended> {
  const bundle = mkdtempSync(join(tmpdir(), "galgo-bundle-"));
  const root = join(bundle, "rootfs");
  for (const name of ["usr", "proc", "dev", "tmp"])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  writeFileSync(join(bundle, "config.json"), JSON.stringify(bundleConfig(script, profile)));
  containers += 1;
  try {
    return await ended("runc", ["run", `galgo-test-${process.pid}-${containers}`], bundle);
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}

function bundleConfig(script: string, profile: string | undefined): unknown {
  const capabilities = ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_DAC_OVERRIDE"];
  const bind = (path: string) => ({
    destination: path,
    type: "bind",
    source: path,
    options: ["rbind", "ro"],
  });
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid: 0, gid: 0 },
      args: ["sh", "-c", script],
      env: ["PATH=/usr/sbin:/usr/bin"],
      cwd: "/",
      noNewPrivileges: true,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: "rootfs" },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
      bind("/usr"),
    ],
    linux: {
      namespaces: ["pid", "mount", "ipc", "uts"].map((type) => ({ type })),
      ...(profile === undefined ? {} : { seccomp: JSON.parse(readFileSync(profile, "utf8")) }),
    },
  };
}

describe("an exported drop-in of a systemd unit", () => {
  it("is understood by systemd-analyze, and makes the unit less exposed", async (t) => {
    if (lacks(t, "systemd-analyze")) return;
    const place = await learned(t);
    const text = readFileSync(await exported(place, "systemd"), "utf8");
    const unit = place.write("galgo-test.service", "[Service]\nExecStart=/usr/bin/true\n");
    const bare = await exposure(unit);
    mkdirSync(place.path("galgo-test.service.d"));
    place.write("galgo-test.service.d/galgo.conf", text);
    const verified = await ended("systemd-analyze", ["verify", unit], place.folder);
    assert.equal(verified.status, 0, verified.stderr);
    // systems calls that are younger than this systemd, and nothing else
    const others = verified.stderr
      .split("\n")
      .filter(
        (line) => line.includes("galgo") && !/Failed to parse system call, ignoring/.test(line),
      );
    assert.deepEqual(others, []);
    const recent = text
      .split("\n")
      .findIndex((line) => line.startsWith("# Calls of recent kernels"));
    for (const [, line] of verified.stderr.matchAll(
      /galgo\.conf:(\d+): Failed to parse system call/g,
    ))
      assert.ok(Number(line) > recent, `line ${line}: ${verified.stderr}`);
    const hardened = await exposure(unit);
    assert.ok(hardened + 3 < bare, `${bare} without, ${hardened} with the drop-in`);
  });
});

/** What `systemd-analyze security` makes of a unit: 0 (safe) to 10. */
async function exposure(unit: string): Promise<number> {
  const { stdout, stderr } = await ended(
    "systemd-analyze",
    ["security", "--offline=true", "--no-pager", unit],
    "/",
  );
  const found = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
  assert.ok(found !== undefined, `${stdout}\n${stderr}`);
  return Number(found);
}

function landlockLacks(t: TestContext): boolean {
  const abi = landlockAbi();
  if (abi < LANDLOCK_EXPORT_ABI) t.skip(`Landlock ABI ${abi} is too old for the rules`);
  return abi < LANDLOCK_EXPORT_ABI;
}

describe("exported Landlock rules", () => {
  it("let the workload run under a launcher, and refuse other files, programs and connections", async (t) => {
    if (lacks(t, "python3")) return;
    if (landlockLacks(t)) return;
    const place = await learned(t);
    const rules = await exported(place, "landlock");
    const under = (...command: string[]) =>
      ended("python3", [LAUNCHER, rules, ...command], place.folder);
    const good = await under("sh", "script.sh");
    assert.deepEqual([good.status, good.stdout, good.stderr], [0, "banana\nmore\n", ""]);
    for (const [command, words] of [
      [["sh", "-c", "cat /etc/passwd"], /\/etc\/passwd: Permission denied/],
      [["sh", "-c", "cat /etc/shadow"], /\/etc\/shadow: Permission denied/],
      [
        ["sh", "-c", "echo x > /tmp/galgo-export-test"],
        /cannot create \/tmp\/galgo-export-test: Permission denied/,
      ],
      [["sh", "-c", "ls"], /ls: Permission denied/],
      [["ls"], /ls: Permission denied/],
    ] as const) {
      const refused = await under(...command);
      assert.notEqual(refused.status, 0, command.join(" "));
      assert.match(refused.stderr, words);
    }
    assert.equal(existsSync("/tmp/galgo-export-test"), false);
  });

  it("guard TCP ports", async (t) => {
    if (lacks(t, "python3") || landlockLacks(t)) return;
    const place = new Place(t);
    place.write(
      "bind.py",
      "import socket, sys\ns = socket.socket()\ns.bind(('127.0.0.1', int(sys.argv[1])))\nprint('bound')\n",
    );
    const free = String(await freePort());
    await learnTwice(place, "python3", "-S", "-B", "bind.py", free);
    const rules = await exported(place, "landlock");
    const bind = (port: string) =>
      ended("python3", [LAUNCHER, rules, "python3", "-S", "-B", "bind.py", port], place.folder);
    assert.equal((await bind(free)).stdout, "bound\n");
    const refused = await bind(String(Number(free) + 1));
    assert.match(refused.stderr, /PermissionError: \[Errno 13\]/);
  });

  it("are refused by the launcher where the kernel knows less", async (t) => {
    if (lacks(t, "python3") || landlockLacks(t)) return;
    const place = await learned(t);
    const form = JSON.parse(readFileSync(await exported(place, "landlock"), "utf8"));
    form.spec.abi = 99;
    place.write("future", JSON.stringify(form));
    const { status, stderr } = await ended(
      "python3",
      [LAUNCHER, place.path("future"), "true"],
      place.folder,
    );
    assert.equal(status, 1);
    assert.match(stderr, /need Landlock ABI 99/);
  });
});
