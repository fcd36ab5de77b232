// SPDX-License-Identifier: Apache-2.0
// Learning over several runs, with real programs: what differs from run to run becomes rules; fresh runs are not refused anything, and what is
// near to that but was never done still is.
import assert from "node:assert/strict";
import { createHash, randomBytes, randomInt, randomUUID } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { loadModel } from "../../src/orchestrator/models/model-use.ts";
import { lacks, program, Workplace } from "./workplace.ts";

const RUNS = 3;
const FRESH = 2;
const PYTHON = program("python3") ?? "python3";
const NODE = process.execPath;

/** Names of the holes in the templates of a model. */
function holes(place: Workplace): ReadonlySet<string> {
  const { rules } = loadModel(place.model).spec.profile;
  const texts = rules.flatMap((rule) => (rule.rule === "path-template" ? [rule.template] : []));
  return new Set(texts.flatMap((text) => text.match(/(?<!\{)\{[a-z]+(?::\d+)?\}/g) ?? []));
}

interface Scene {
  readonly command: readonly string[];
  /** Fills the working directory for one run. */
  readonly world: (place: Workplace) => void;
  /** Environment of one run. */
  readonly env?: () => Record<string, string>;
  /** The variable EXTRA makes the workload do this too, and the refusal that has to follow. */
  readonly attacks: readonly (readonly [extra: string, violation: RegExp])[];
}

async function holdsUp(t: TestContext, scene: Scene): Promise<Workplace> {
  const place = new Workplace(t);
  const env = scene.env ?? (() => ({}));
  const anew = (): void => place.world(() => scene.world(place));
  for (let run = 0; run < RUNS; run++) {
    anew();
    const options = { env: env() };
    if (run === 0) await place.learn(scene.command, options);
    else await place.learnMore(scene.command, options);
  }
  for (let run = 0; run < FRESH; run++) {
    anew();
    await place.repeat(scene.command, { env: env() });
  }
  for (const [extra, violation] of scene.attacks) {
    anew();
    const options = { env: { ...env(), EXTRA: extra } };
    await place.refused(scene.command, violation, options);
  }
  return place;
}

describe("what a program names anew in each run", () => {
  it("is learned by --runs: directories, digests, dates, sockets, ports, numbers", async (t) => {
    if (lacks(t, "python3")) return;
    const place = new Workplace(t);
    const script = `import datetime, hashlib, os, random, secrets, socket, tempfile
def put(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file: file.write("x")
    with open(path) as file: file.read()
for folder in ["scratch", "run", "cache", "backup", "net"]: os.makedirs(folder, exist_ok=True)
put(tempfile.mkdtemp(dir="scratch") + "/in/part")
put(f"run/job.{os.getpid()}/state")
for _ in range(3):
    digest = hashlib.sha1(os.urandom(8)).hexdigest()
    put(f"cache/{digest[:2]}/{digest[2:]}/index")
put("backup/" + datetime.datetime.now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "/data")
os.symlink("releases/" + secrets.token_hex(20), "net/current")
os.remove("net/current")
kept = []
for name in ["net/listener-" + secrets.token_hex(6), "\\0agent-" + secrets.token_hex(8)]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen()
    client = socket.socket(socket.AF_UNIX)
    client.connect(name)
    kept += [server, client]
for _ in range(20):
    try: server = socket.create_server(("127.0.0.1", random.randrange(20000, 30000)))
    except OSError: continue
    kept += [server, socket.create_connection(server.getsockname()), server.accept()[0]]
    break
for name in range(len(os.listdir("scratch"))): put(f"queue/worker-{name}/state")
if "EXTRA" in os.environ: exec(os.environ["EXTRA"])
`;
    const command = [PYTHON, "-c", script];
    const { stderr } = await place.learn(command, { options: ["--runs", String(RUNS)] });
    assert.match(stderr, /rule added: names like .* count as one \(3 values in 3 runs: /);
    assert.match(stderr, /under these rules the runs brought [1-9]\d*, \d+, \d+ behaviours/);
    for (let run = 0; run < FRESH; run++) await place.repeat(command);
    for (const hole of ["{pid}", "{hex:2}", "{time}", "{n}"])
      assert.ok(holes(place).has(hole), `${hole} of ${[...holes(place)].join(" ")}`);
    const attacks = [
      ["open('cache/secret', 'w')", /creates \S*\/cache\/secret/],
      [`open("/etc/passwd").read()`, /opens \/etc\/passwd/],
      [`socket.create_connection(("127.0.0.1", 22))`, /connects to 127\.0\.0\.1:22 /],
      [
        `socket.socket(socket.AF_UNIX).bind("net/control")`,
        /binds to unix socket \S*net\/control /,
      ],
    ] as const;
    for (const [extra, violation] of attacks)
      await place.refused(command, violation, { env: { EXTRA: extra } });
  });
});

describe("what others name and write anew for each run", () => {
  it("a job of a shell script: names of inputs, data that changes, a folder for each job", async (t) => {
    const script = `for job in jobs/*; do
  cat "$job/input.txt" inbox/*.json settings.ini >"$job/result"
  grep -c x data/*.csv >>"$job/result"
done
if [ -n "\${EXTRA:-}" ]; then eval "$EXTRA"; fi`;
    const place = await holdsUp(t, {
      command: ["sh", "-c", script],
      world: (at) => {
        const folder = `jobs/job-${randomBytes(4).toString("hex")}`;
        at.write(`${folder}/input.txt`, "the same");
        at.write(`${folder}/key`, "secret");
        at.write(`inbox/${randomUUID()}.json`, "{}");
        at.write("data/points.csv", randomBytes(20).toString("hex"));
        at.write("settings.ini", "fixed");
        at.write("private/notes.txt", "secret");
      },
      attacks: [
        ["cat jobs/*/key", /cat opens \S*\/key for reading/],
        ["cat private/notes.txt", /cat opens \S*notes\.txt for reading/],
        ["echo changed >settings.ini", /sh opens \S*settings\.ini/],
        ["cat /etc/shadow", /cat opens \/etc\/shadow/],
      ],
    });
    assert.deepEqual([...holes(place)].sort(), ["{hex:8}", "{uuid}"]);
  });

  it("a file that one run makes and another finds; not one that nobody made", async (t) => {
    const place = new Workplace(t);
    const script = `date >stamp; cat stamp \${EXTRA:-}; if [ -n "\${REMOVE:-}" ]; then rm stamp; fi`;
    const command = ["sh", "-c", script];
    const anew = () => place.world(() => place.write("key", "secret"));
    anew();
    await place.learn(command);
    await place.learnMore(command);
    await place.learnMore(command, { env: { REMOVE: "1" } });
    // no run has removed a file that it had made
    anew();
    await place.repeat(command, { env: { REMOVE: "1" } });
    await place.refused(command, /cat opens \S*key for reading/, { env: { EXTRA: "key" } });
  });

  it("a node server on a port of the run that serves files named by their content", async (t) => {
    const script = `
const { createServer, get } = require("node:http");
const { readdirSync, readFileSync } = require("node:fs");
const server = createServer((request, response) => response.end(readFileSync("dist" + request.url)));
server.listen(Number(process.env.PORT), "127.0.0.1", async () => {
  for (const name of readdirSync("dist"))
    await new Promise((done) => get({ port: process.env.PORT, host: "127.0.0.1", path: "/" + name, agent: false }, (answer) => answer.resume().on("end", done)));
  if (process.env.EXTRA) try { eval(process.env.EXTRA); } catch {}
  server.close();
});`;
    await holdsUp(t, {
      command: [NODE, "-e", script],
      env: () => ({ PORT: String(randomInt(20_000, 30_000)) }),
      world: (at) => {
        for (const name of ["app", "vendor"]) {
          const code = `// ${randomUUID()}\n`;
          const digest = createHash("sha256").update(code).digest("hex");
          at.write(`dist/${name}.${digest.slice(0, 20)}.css`, code);
        }
        at.write("dist/index.html", "<html>");
        at.write(".env", "SECRET=1");
      },
      attacks: [
        ["readFileSync('.env')", /node opens \S*\.env for reading/],
        [
          "require('node:child_process').execFileSync('/bin/true')",
          /node creates a pair of sockets/,
        ],
      ],
    });
  });
});
