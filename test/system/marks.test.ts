// SPDX-License-Identifier: Apache-2.0
// Tests that name themselves while Galgo learns: from a shell, through galgo mark, from node --test and from pytest; and what must not come of it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { before, describe, it } from "node:test";
import type { WorkloadModel } from "../../src/model/index.ts";
import { Place } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";

before(() => {
  buildLaunchers();
});

const fromHere = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const LAUNCHER = fromHere("galgo");
/** As docs/completeness.md has it: no program is started. */
const MARK = 'mark() { [ -z "$GALGO_MARKS" ] || true >"$GALGO_MARKS/$1"; }\n';

async function learned(
  place: Place,
  ...command: readonly string[]
): Promise<WorkloadModel["spec"]> {
  // a node --test below another one would not run its files
  const env = { NODE_TEST_CONTEXT: undefined };
  const { ended } = place.start(["learn", "-o", "m.json", "--", ...command], env);
  const { status, stderr } = await ended;
  assert.equal(status, 0, stderr);
  assert.match(stderr, /none lost/);
  return (JSON.parse(readFileSync(place.path("m.json"), "utf8")) as WorkloadModel).spec;
}

type Tests = Readonly<Record<string, number>>;
const behavioursOf = ({ completeness }: WorkloadModel["spec"]): Tests =>
  Object.fromEntries((completeness.tests ?? []).map(({ name, behaviours }) => [name, behaviours]));

/** Names of tests by the file that was first opened during them. */
function openedIn(place: Place): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const line of readFileSync(place.path("m.json.records.jsonl"), "utf8").split("\n")) {
    const pathname = /"pathname": "([^"]*)"/.exec(line)?.[1];
    const test = /"test":("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
    if (pathname !== undefined && test !== undefined)
      found[pathname] ??= JSON.parse(test) as string;
  }
  return found;
}

const leftovers = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("galgo-marks-"));

describe("a shell that names its tests", { concurrency: 2 }, () => {
  const SCRIPT = `${MARK}mark one
read line <one.txt
mark two
read line <two.txt
mark -
read line <none.txt
`;

  it("has its behaviours told apart by them, in the records and in the model", async (t) => {
    const place = new Place(t);
    for (const name of ["one", "two", "none"]) place.write(`${name}.txt`, "text\n");
    const spec = await learned(place, "sh", "-c", SCRIPT);
    assert.deepEqual(behavioursOf(spec), { one: 1, two: 1 });
    assert.deepEqual(openedIn(place), {
      [place.path("one.txt")]: "one",
      [place.path("two.txt")]: "two",
    });
    assert.match(
      (await place.galgo("model", "show", "m.json")).stdout,
      /test +one: 1 behaviour, 1/,
    );
    const { stdout } = await place.galgo("model", "show", "m.json", "--tests");
    assert.match(stdout, /^one \(1 behaviour\)\n {2}\S*sh opens \S*one\.txt for reading\ntwo \(1 /);
  });

  it("leaves nothing of the marks in the model, which holds without them", async (t) => {
    const place = new Place(t);
    for (const name of ["one", "two", "none"]) place.write(`${name}.txt`, "text\n");
    const marked = await learned(place, "sh", "-c", SCRIPT);
    const plain = await learned(place, "sh", "-c", SCRIPT.replace(/^mark .*$/gm, ":"));
    assert.deepEqual(marked.points, plain.points);
    const run = await place.galgo("run", "-m", "m.json", "--enforce", "--", "sh", "-c", SCRIPT);
    assert.deepEqual([run.status, run.stderr], [0, ""]);
  });

  it("may be an ordinary user's below a Galgo of root's", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("only root starts programs as somebody else");
    const place = new Place(t);
    place.write("one.txt", "text\n");
    const as = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const script = `${MARK}mark root; ${as.join(" ")} sh -c '${MARK}mark user; mark user; id -u'; true`;
    const spec = await learned(place, "sh", "-c", script);
    assert.ok((behavioursOf(spec)["user"] ?? 0) > 5, JSON.stringify(spec.completeness.tests));
  });

  it("may lie about the names: they are quoted, bounded, and no path", async (t) => {
    const place = new Place(t);
    place.write("one.txt", "text\n");
    const evil = "$(printf 'x\\033[2J\\033]0;owned\\007%s' \"$(printf '%0300d' 0)\")";
    const script = `${MARK}name=${evil}
true >"$GALGO_MARKS/\${name%${"0".repeat(100)}}"
read line <one.txt
true >"$GALGO_MARKS/..%2F..%2Fetc%2Fpasswd"
ls / >/dev/null`;
    const spec = await learned(place, "sh", "-c", script);
    const names = Object.keys(behavioursOf(spec));
    assert.ok(names.includes("../../etc/passwd"));
    assert.ok(names.every((name) => name.length <= 255));
    const { stdout } = await place.galgo("model", "show", "m.json");
    assert.ok(stdout.includes(String.raw`"x\x1b[2J\x1b]0;owned\x07`), stdout);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not come out
    assert.doesNotMatch(stdout, /[\x07\x1b]/);
  });
});

describe("galgo mark", () => {
  const mark = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    spawnSync(LAUNCHER, ["mark", ...args], {
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1", GALGO_MARKS: "", ...env },
    });

  it("marks for whoever calls it, with any name", async (t) => {
    const place = new Place(t);
    for (const name of ["one", "two"]) place.write(`${name}.txt`, "text\n");
    const script = `"$0" mark 'src/a.test.js > 100% ^-'
read line <one.txt
"$0" mark --end
read line <two.txt
"$0" mark "$(printf '%0400d' 7)"
cat one.txt >/dev/null`;
    const spec = await learned(place, "sh", "-c", script, LAUNCHER);
    assert.equal(openedIn(place)[place.path("one.txt")], "src/a.test.js > 100% ^-");
    assert.equal(openedIn(place)[place.path("two.txt")], undefined);
    assert.deepEqual(Object.keys(behavioursOf(spec)), ["0".repeat(200), "src/a.test.js > 100% ^-"]);
  });

  it("says when there is nobody to tell, and fails only when there should be", () => {
    const outside = mark(["x"]);
    assert.equal(outside.status, 0);
    assert.match(outside.stderr, /^galgo: not inside of a learning run: nothing was marked\n$/);
    const gone = mark(["x"], { GALGO_MARKS: "/nowhere/at/all" });
    assert.equal(gone.status, 1);
    assert.match(gone.stderr, /GALGO_MARKS names no directory/);
  });

  it("complains of arguments that mean nothing", () => {
    for (const args of [[], [""], ["--end", "x"]]) {
      const { status, stderr } = mark(args);
      assert.equal(status, 125, stderr);
      assert.match(stderr, /takes the name of a test, or --end/);
    }
  });
});

describe("marks where a model is enforced", () => {
  it("are not offered, and a directory of that name is as closed as any other", async (t) => {
    const place = new Place(t);
    const script = 'echo "[$GALGO_MARKS]"; true >"$1/x"; cat one.txt';
    place.write("one.txt", "text\n");
    await learned(place, "sh", "-c", "echo; true; cat one.txt", "sh");
    const { process: galgo, ended } = place.start(
      ["run", "-m", "m.json", "--enforce", "--", "sh", "-c", script, "sh", place.folder],
      { GALGO_MARKS: place.folder },
    );
    assert.ok(galgo.pid !== undefined);
    const { status, stdout, stderr } = await ended;
    assert.equal(status, 121, stderr);
    assert.match(stdout, /^\[\]\n/);
    assert.match(stderr, /violation 1: .*creates \S*\/x/);
    assert.ok(!existsSync(place.path("x")));
  });

  it("are gone when a run has ended, also when its workload made a mess of them", async (t) => {
    const before = leftovers();
    const place = new Place(t);
    await learned(place, "sh", "-c", 'mkdir -p "$GALGO_MARKS/a/b"; : >"$GALGO_MARKS/a/b/c"');
    assert.deepEqual(
      leftovers().filter((name) => !before.includes(name)),
      [],
    );
  });
});

describe("helpers for test runners", { concurrency: 2 }, () => {
  it("name the tests of node --test", async (t) => {
    const place = new Place(t);
    copyFileSync(fromHere("examples/marks/mark.mjs"), place.path("mark.mjs"));
    place.write("one.txt", "text\n");
    place.write(
      "a.test.mjs",
      `import { describe, it, test } from "node:test"; import { readFileSync } from "node:fs";
test("reads/one", () => { readFileSync("one.txt"); });
describe("others", () => { it("do nothing", () => {}); });`,
    );
    const spec = await learned(place, process.execPath, "--test", "--import", "./mark.mjs");
    assert.deepEqual(behavioursOf(spec), { "a.test.mjs: reads/one": 1 });
    assert.equal(openedIn(place)[place.path("one.txt")], "a.test.mjs: reads/one");
  });

  it("name the tests of pytest", async (t) => {
    const python = ["python3", "/usr/bin/python3"].find(
      (program) => spawnSync(program, ["-m", "pytest", "--version"]).status === 0,
    );
    if (python === undefined) return t.skip("there is no pytest");
    const place = new Place(t);
    copyFileSync(fromHere("examples/marks/conftest.py"), place.path("conftest.py"));
    place.write("one.txt", "text\n");
    place.write(
      "test_a.py",
      'def test_one():\n    open("one.txt").read()\n\nclass TestNothing:\n    def test_it(self):\n        pass\n',
    );
    const options = ["-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"];
    const spec = await learned(place, python, ...options);
    assert.equal(behavioursOf(spec)["test_a.py::test_one"], 1);
    assert.equal(openedIn(place)[place.path("one.txt")], "test_a.py::test_one");
  });
});
