// SPDX-License-Identifier: Apache-2.0
// galgo run --floor: reads are guarded by Landlock and not held, everything else is held as ever. As root and as an ordinary user,
// with the native launcher and with the one in Node.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { landlockAbi } from "../../src/native/landlock.ffi.ts";
import { FLOOR_ABI, FLOOR_FEATURE } from "../../src/sensor/seccomp/index.ts";
import { lacks, USERS, Workplace } from "../workloads/workplace.ts";

const SCRIPT = `
cat \${READ:-fruits.txt} | wc -l
test -z "$WRITE" || echo new > "$WRITE"
test -z "$RUN" || "$RUN"
test -z "$CONNECT" || exec 3<>/dev/tcp/127.0.0.1/9
echo done > out.txt
cat out.txt
`;

function noFloor(t: TestContext): boolean {
  const abi = landlockAbi();
  if (abi < FLOOR_ABI) t.skip(`Landlock ABI ${abi} is too old for a floor`);
  return abi < FLOOR_ABI;
}

function fruits(place: Workplace): void {
  place.world(() => {
    place.write("script.sh", SCRIPT);
    place.write("fruits.txt", "banana\n");
  });
}

const FLOOR = { options: ["--floor"] };
const COMMAND = ["bash", "script.sh"];

for (const user of USERS) {
  for (const launcher of ["native", "node"]) {
    describe(`a run above a floor, as ${user.name}, launcher ${launcher}`, () => {
      it("repeats what was learned; asks less, and says what it did not see", async (t) => {
        if (noFloor(t)) return;
        const place = new Workplace(t, user);
        place.env["GALGO_LAUNCHER"] = launcher;
        fruits(place);
        await place.learn(COMMAND);
        fruits(place);
        const held = await place.repeat(COMMAND);
        const { outcome: before, modelState } = place.record();
        fruits(place);
        const outcome = await place.repeat(COMMAND, FLOOR);
        assert.equal(outcome.stdout, held.stdout);
        assert.match(outcome.stderr, /floor: \d+ behaviours of the model are not looked at/);
        const { floor, outcome: after } = place.record();
        assert.ok(floor !== undefined && after !== undefined && before !== undefined);
        assert.ok(after.counts.events < before.counts.events / 2);
        assert.ok(floor.unseen > 0 && floor.abi >= FLOOR_ABI);
        assert.notEqual(
          after.state,
          modelState,
          "a run that sees less does not claim the model's state",
        );
        assert.equal(after.state, floor.state);
        assert.ok(after.fidelity?.features.includes(FLOOR_FEATURE));
        assert.ok(after.fidelity?.absent.includes("file_open.read-only"));
        assert.match((await place.galgo("show", "bash", "run")).stdout, /floor +Landlock ABI/);
      });

      it("refuses another read by itself, without a record; writes, programs and connections with one", async (t) => {
        if (noFloor(t)) return;
        const place = new Workplace(t, user);
        place.env["GALGO_LAUNCHER"] = launcher;
        fruits(place);
        await place.learn(COMMAND);
        const beside = join(place.folder, "beside.txt");
        writeFileSync(beside, "apple\n");
        for (const path of [beside, "/etc/shadow"]) {
          fruits(place);
          const { stdout, stderr } = await place.repeat(COMMAND, { ...FLOOR, env: { READ: path } });
          assert.match(stderr, new RegExp(`${path}: Permission denied`));
          assert.equal(stdout, "0\ndone\n");
        }
        for (const [env, violation] of [
          [{ WRITE: place.path("new.log") }, /^1: .*bash creates .*new\.log.*\[denied\]/],
          [
            { WRITE: place.path("fruits.txt") },
            /^1: .*bash opens .*fruits\.txt for writing.*\[denied\]/,
          ],
          [{ RUN: "/usr/bin/id" }, /^1: .*bash runs \/usr\/bin\/id \[denied\]/],
          [{ CONNECT: "yes" }, /^1: .*bash .*socket.*\[denied\]/],
        ] as const) {
          // what is held does not depend on who started it: one of them is enough for the slower launcher
          if (launcher === "node" && !("WRITE" in env)) continue;
          fruits(place);
          await place.refused(COMMAND, violation, { ...FLOOR, env });
          assert.equal(existsSync(place.path("new.log")), false);
          assert.equal(place.read("fruits.txt"), "banana\n");
        }
      });
    });
  }
}

describe("a floor", () => {
  it("holds on to files, not to names: what replaces one can not be read, but by its new name", async (t) => {
    if (noFloor(t)) return;
    const place = new Workplace(t);
    const command = ["sh", "-c", "cat fruits.txt; read line <go; cat fruits.txt"];
    const go = () => writeFile(place.path("go"), "\n");
    const again = () => {
      fruits(place);
      place.prepare("mkfifo", "go");
    };
    again();
    await place.learn(command, { meanwhile: go });
    again();
    const { stdout, stderr } = await place.repeat(command, {
      ...FLOOR,
      status: 1,
      meanwhile: async ({ process }) => {
        await once(process.stdout ?? process, "data");
        rmSync(place.path("fruits.txt"));
        place.write("fruits.txt", "cherry\n");
        await go();
      },
    });
    assert.equal(stdout, "banana\n");
    assert.match(stderr, /fruits\.txt: Permission denied/);
  });

  it("does not blame an open that went on in the task for files that were only read since", async (t) => {
    if (noFloor(t)) return;
    const place = new Workplace(t);
    // only a task itself can open its memory; only cat reads the fruits when this is learned
    const script = 'exec 3<>/proc/self/mem; test -z "$R" || exec 4<"$R"; cat fruits.txt; exec true';
    const command = ["sh", "-c", script];
    fruits(place);
    await place.learn(command);
    fruits(place);
    const options = ["--floor", "--floor-allow", "/proc"];
    const { stdout } = await place.repeat(command, { options, env: { R: "fruits.txt" } });
    assert.equal(stdout, "banana\n");
    // without a floor the shell may not read them
    await place.refused(command, /^1: .*dash opens .*fruits\.txt/, { env: { R: "fruits.txt" } });
  });

  it("keeps an ordinary user's workload out of processes that are not its own", async (t) => {
    if (noFloor(t)) return;
    const place = new Workplace(t, USERS.at(-1));
    const uid = place.user.uid;
    const other = spawn("sleep", ["60"], uid === undefined ? {} : { uid, gid: uid });
    t.after(() => other.kill());
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
    const command = ["sh", "-c", "cat /proc/self/stat /proc/${P:-self}/environ | tr -d A"];
    await place.learn(command);
    await place.repeat(command, FLOOR);
    const { stderr } = await place.repeat(command, { ...FLOOR, env: { P: String(other.pid) } });
    assert.match(stderr, /environ: Permission denied/);
  });

  it("is refused aloud where it can not be, or would open too much", async (t) => {
    if (noFloor(t)) return;
    const place = new Workplace(t);
    fruits(place);
    await place.learn(COMMAND);
    const model = join(place.folder, "m.json");
    const run = (...options: string[]) => place.galgo("run", ...options, "--", ...COMMAND);
    for (const [options, words] of [
      [["--floor"], /--floor goes with --enforce only/],
      [["-m", model, "--detect", "--floor"], /--floor goes with --enforce only/],
      [["-m", model, "--enforce", "--on-violation", "observe", "--floor"], /with --enforce only/],
      [["-m", model, "--enforce", "--floor", "--sensor", "bpf"], /--sensor seccomp only/],
      [["-m", model, "--enforce", "--floor", "--quixote-socket", place.folder], /--quixote-socket/],
      [["-m", model, "--enforce", "--floor-allow", "/proc"], /--floor-allow needs --floor/],
    ] as const) {
      const { status, stdout, stderr } = await run(...options);
      assert.equal(status, 125, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, words);
    }
    renameSync(`${model}.records.jsonl`, `${model}.away`);
    const without = await run("-m", model, "--enforce", "--floor");
    assert.equal(without.status, 125);
    assert.match(without.stderr, /m\.json\.records\.jsonl.* is not there/);
  });

  it("opens no well-known secret to everybody, unless somebody says so", async (t) => {
    if (noFloor(t)) return;
    if (process.getuid?.() !== 0) {
      t.skip("only root reads /etc/shadow");
      return;
    }
    const place = new Workplace(t);
    await place.learn(["cat", "/etc/shadow"]);
    const secret = await place.enforce(["cat", "/etc/shadow"], FLOOR);
    assert.equal(secret.status, 125);
    assert.equal(secret.stdout, "");
    assert.match(secret.stderr, /could read \/etc\/shadow: a well-known secret/);
    const allowed = ["--floor", "--floor-allow", "/etc/shadow"];
    const { stdout } = await place.repeat(["cat", "/etc/shadow"], { options: allowed });
    assert.equal(stdout, readFileSync("/etc/shadow", "utf8"));
  });

  it("stands under git, which reads what it has written", async (t) => {
    if (noFloor(t) || lacks(t, "git")) return;
    const place = new Workplace(t);
    const who = { NAME: "A", EMAIL: "a@example.org", DATE: "2024-01-01T00:00:00Z" };
    Object.assign(place.env, { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" });
    for (const [name, value] of Object.entries(who))
      for (const role of ["AUTHOR", "COMMITTER"]) place.env[`GIT_${role}_${name}`] = value;
    const command = ["sh", "-c", "git add . && git commit -qm second && git log --oneline | wc -l"];
    const repository = () => {
      place.world(() => place.write("a.txt", "a\n"));
      place.prepare("git", "init", "-q", "-b", "main", "--template=");
      place.prepare("git", "add", ".");
      place.prepare("git", "commit", "-q", "-m", "first");
      place.write("b.txt", "b\n");
    };
    repository();
    await place.learn(command, { options: ["--runs", "1"] });
    repository();
    assert.equal((await place.repeat(command, FLOOR)).stdout, "2\n");
  });

  it("stands under make, whose compilers read what others of them made", async (t) => {
    if (noFloor(t) || lacks(t, "make", "gcc", "ld")) return;
    const place = new Workplace(t);
    const build = () =>
      place.world(() => {
        place.write("Makefile", "p: a.o b.o\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -c -o $@ $<\n");
        place.write("a.c", "int f(void);\nint main(void) { return f(); }\n");
        place.write("b.c", "int f(void) { return 0; }\n");
      });
    build();
    await place.learn(["make", "-j2"]);
    build();
    await place.repeat(["make", "-j2"], FLOOR);
    place.prepare("./p");
    build();
    place.write("a.c", '#include "/etc/shadow"\nint main(void) { return 0; }\n');
    // the compiler is refused by the kernel, and says so; nothing was violated
    const { stderr } = await place.repeat(["make", "-j2"], { ...FLOOR, status: 2 });
    assert.match(stderr, /\/etc\/shadow: Permission denied/);
  });
});
