// SPDX-License-Identifier: Apache-2.0
// A model that was learned on one root filesystem is enforced on another one: the same programs and files on another device, with another
// uuid, on another kind of filesystem. Same behaviour, same state value. A program that differs there is refused.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import {
  asUser,
  copiedPrograms,
  type RootKind,
  secondRoot,
  whyNoSecondRoot,
} from "../helpers/second-root.ts";
import { type Outcome, USERS, Workplace } from "../workloads/workplace.ts";

const VIOLATED = 121;
const COMMAND = ["sh", "work.sh"];
const PROGRAMS = ["sh", "sort", "uniq", "mktemp", "tar", "gzip", "df", "cat", "find", "rm", "stat"];
/** Asks for much that belongs to a filesystem: space, mounts, names of owners, times. */
const SCRIPT = `set -eu
sort -n numbers.txt >sorted.txt
uniq -c sorted.txt | cat >counted.txt
scratch=$(mktemp -d)
tar -cf "$scratch/all.tar" numbers.txt sorted.txt
gzip -c "$scratch/all.tar" >all.tar.gz
df . >/dev/null
cat /proc/self/mounts /proc/self/mountinfo >/dev/null
find . -xdev -name '*.txt' -newer numbers.txt
stat -f . >/dev/null
rm -r "$scratch"
node -e "console.log(6 * 7)"
echo done
`;

/** Learned where, enforced where. What is learned in a user namespace is held in another one. */
const PAIRS: readonly (readonly [RootKind | "first", RootKind])[] = [
  ["first", "overlay"],
  ["first", "ext4"],
  ["user", "user"],
];

/** What a copy of the system has to hold besides the programs: Galgo, the work, and what the C library reads. */
function copied(place: Workplace): string {
  const galgo = ["dist", "package.json", "node_modules/koffi", "node_modules/@koromix"];
  const system = ["/etc", "/usr/lib/locale"];
  const programs = copiedPrograms([...PROGRAMS, "env", process.execPath]);
  const folders = [...galgo.map((name) => join(place.installed, name)), ...system, place.work];
  return [...folders, ...programs].join("\n");
}

/** A workload in a world of its own, and galgo with it on any root. */
class Scene {
  readonly place: Workplace;
  readonly #shared: string;
  readonly #model: string;

  constructor(t: TestContext, kind: RootKind) {
    const ordinary = kind === "user" ? USERS.at(-1) : USERS[0];
    this.place = new Workplace(t, ordinary);
    this.#shared = join(this.place.folder, "state");
    this.#model = join(this.#shared, "work", "m.json");
    mkdirSync(join(this.#shared, "work"));
    this.place.own(this.#shared);
  }

  learn(kind: RootKind | "first"): Promise<Outcome> {
    return this.#galgo(kind, ["learn", "--name", "work", "-o", this.#model]);
  }

  /** @param prepare shell text for that root, before the workload */
  enforce(kind: RootKind, prepare?: string): Promise<Outcome> {
    const words = ["run", "--name", "work", "-m", this.#model, "--enforce"];
    return this.#galgo(kind, words, prepare);
  }

  async #galgo(
    kind: RootKind | "first",
    words: readonly string[],
    prepare = ":",
  ): Promise<Outcome> {
    const { place } = this;
    place.world(() => {
      place.write("work.sh", SCRIPT);
      place.write("numbers.txt", "3\n1\n2\n1\n");
    });
    const base = join(place.folder, "base");
    mkdirSync(base);
    chmodSync(base, 0o777);
    const root = kind === "first" ? [] : secondRoot({ kind, base, shared: this.#shared });
    const shell = ["sh", "-c", `${prepare}; exec "$@"`, "sh"];
    const [program = "", ...args] = [
      ...(kind === "first" ? [] : asUser(kind)),
      ...root,
      ...shell,
      ...place.command(...words, "--", ...COMMAND),
    ];
    const env = { ...place.env, COPIED: kind === "ext4" ? copied(place) : "" };
    const child = spawn(program, args, { cwd: place.work, env, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr, [status, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null, string | null]>,
    ]);
    if (kind !== "ext4") assert.deepEqual(readdirSync(base), [], "nothing is mounted any more");
    rmSync(base, { recursive: true });
    return { status, signal, stdout, stderr };
  }
}

for (const [first, second] of PAIRS) {
  const skip = whyNoSecondRoot(second) ?? false;
  describe(`a model learned on a root (${first}) and held on another (${second})`, { skip }, () => {
    const learned = async (t: TestContext): Promise<Scene> => {
      const scene = new Scene(t, second);
      const { status, stdout, stderr } = await scene.learn(first);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^42\ndone$/m);
      return scene;
    };

    it("gives the same state value, and refuses nothing", async (t) => {
      const scene = await learned(t);
      const { status, stdout, stderr } = await scene.enforce(second);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^42\ndone$/m);
      const { outcome, modelState } = scene.place.record();
      assert.deepEqual([outcome?.counts.violations, outcome?.counts.lost], [0, 0], stderr);
      assert.equal(outcome?.state, modelState);
    });

    it("refuses a program that differs there, and has another state value", async (t) => {
      const scene = await learned(t);
      const other =
        second === "user"
          ? 'cp "$(command -v sort)" . && printf x >>sort && PATH=$PWD:$PATH'
          : 'printf x >>"$(command -v sort)"';
      const { status, stdout, stderr } = await scene.enforce(second, other);
      assert.equal(status, VIOLATED, stderr);
      assert.doesNotMatch(stdout, /done/);
      assert.match(stderr, /violation 1: \S*sh runs \S*\/sort; denied/);
      const { outcome, modelState } = scene.place.record();
      assert.notEqual(outcome?.state, modelState);
      const { stdout: said } = await scene.place.galgo("why", "work", "1");
      assert.match(said, /sort\n +content +allowed [0-9a-f]+\.\.\. +here /);
    });
  });
}
