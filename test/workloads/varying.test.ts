// SPDX-License-Identifier: Apache-2.0
// What programs do differently each time without meaning anything by it, and next to each case what must still be refused.
// docs/practice.md tells the same in words; src/model/rules/rules.ts lists the rules.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { lacks, program, Workplace } from "./workplace.ts";

const PYTHON = program("python3") ?? "python3";
/** `name` from the environment, else `value`, as the shell writes it. */
const or = (name: string, value: string): string => `"\${${name}:-${value}}"`;

/** Learns a script, repeats it, and then runs it with an environment that makes it do something nearby. */
interface Case {
  readonly script: string;
  readonly shell?: readonly string[];
  readonly fill?: (place: Workplace) => void;
  readonly env: (place: Workplace) => Record<string, string>;
  readonly violation: RegExp;
}

async function varies(t: TestContext, { script, shell, fill, env, violation }: Case) {
  const place = new Workplace(t);
  const anew = () => place.world(() => fill?.(place));
  const command = [...(shell ?? ["sh", "-c"]), script];
  anew();
  await place.learn(command);
  anew();
  await place.repeat(command);
  anew();
  const outcome = await place.refused(command, violation, { env: env(place) });
  return { place, outcome };
}

/** A directory like those that a workload makes for itself, but somebody else's. */
function foreignDirectory(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tmp."));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "sub/a"), "do not tell\n");
  return folder;
}

describe("what varies between runs", () => {
  it("the name of a temporary directory; not that it is the workload's own", async (t) => {
    const folder = foreignDirectory(t);
    const { outcome } = await varies(t, {
      script: `d=$(mktemp -d) && mkdir $d/sub && echo x >$d/sub/a && cat ${or("FOREIGN", "$d")}/sub/a; rm -r $d`,
      env: () => ({ FOREIGN: folder }),
      violation: /^1: .*\/cat opens \/tmp\/tmp\.\w+\/sub\/a for reading \[denied\]/,
    });
    assert.equal(outcome.stdout, "");
  });

  it("the new name of a file that the workload made; not the name of a file that is there", async (t) => {
    const { place } = await varies(t, {
      script: `echo x >new.$$ && mv new.$$ ${or("NAME", "out.$$")}`,
      fill: (place) => place.write("keys", "secret\n"),
      env: () => ({ NAME: "keys" }),
      violation: /^1: .*\/mv renames .*\/new\.\d+ to .*\/keys \[denied\]/,
    });
    assert.equal(place.read("keys"), "secret\n");
  });

  it("the new name of a file that the workload made; not of one that it found", async (t) => {
    await varies(t, {
      script: `echo x >new.$$ && mv ${or("NAME", "new.$$")} out.$$`,
      fill: (place) => place.write("keys", "secret\n"),
      env: () => ({ NAME: "keys" }),
      violation: /^1: .*\/mv renames .*\/keys to .*\/out\.\d+ \[denied\]/,
    });
  });

  it("the name of a symbolic link; not where it leads", async (t) => {
    await varies(t, {
      script: `ln -s ${or("TARGET", "here")} link.$$ && rm link.$$`,
      env: () => ({ TARGET: "/etc/shadow" }),
      violation: /^1: .*\/ln makes symbolic link .*\/link\.\d+ to \/etc\/shadow \[denied\]/,
    });
  });

  it("the size that a file is cut to; not that nothing is left", async (t) => {
    const { place } = await varies(t, {
      script: `truncate -s ${or("SIZE", "$$")} data`,
      fill: (place) => place.write("data", "x".repeat(9)),
      env: () => ({ SIZE: "0" }),
      violation: /^1: .*truncate truncates .*\/data to 0 bytes \[denied\]/,
    });
    assert.equal(place.read("data"), "x".repeat(9));
  });

  it("the number of a pipe; not that it is one", async (t) => {
    if (lacks(t, "bash")) return;
    await varies(t, {
      shell: ["bash", "-c"],
      script: `cat ${or("FILE", "/dev/fd/3")} 3< <(echo x)`,
      fill: (place) => place.write("secret", "do not tell\n"),
      env: () => ({ FILE: "secret" }),
      violation: /^1: .*\/cat opens .*\/secret for reading \[denied\]/,
    });
  });

  it("a port that the kernel chose; not one that somebody chose", async (t) => {
    if (lacks(t, "python3")) return;
    const script = `import os, socket
server = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0"))))
client = socket.create_connection(server.getsockname())
server.accept()[0].sendall(b"x")
client.recv(1)
`;
    await varies(t, {
      shell: [PYTHON, "-c"],
      script,
      env: () => ({ PORT: "23456" }),
      violation: /^1: .*python3\S* binds to 127\.0\.0\.1:23456 /,
    });
  });

  it("whether the C library looks for processors; not what else there is to see", async (t) => {
    if (lacks(t, "python3")) return;
    const place = new Workplace(t);
    const script = `import os, threading
def read(path): open(path).close()
def run(path):
    thread = threading.Thread(target=read, args=[path])
    thread.start()
    thread.join()
run("/dev/null")
if "ALSO" in os.environ: run(os.environ["ALSO"])
`;
    const cpu = "/sys/devices/system/cpu";
    await place.learn([PYTHON, "-c", script]);
    await place.repeat([PYTHON, "-c", script]);
    const also = { env: { ALSO: `${cpu}/online` } };
    assert.equal((await place.enforce([PYTHON, "-c", script], also)).status, 0);
    const possible = { env: { ALSO: `${cpu}/possible` } };
    await place.refused([PYTHON, "-c", script], /opens \S*\/possible for reading/, possible);
    // a program without threads has no such excuse
    const simple = "import os\nif 'ALSO' in os.environ: open(os.environ['ALSO'])\n";
    const alone = new Workplace(t);
    await alone.learn([PYTHON, "-c", simple]);
    await alone.refused([PYTHON, "-c", simple], /opens \S*\/online for reading/, also);
  });
});

describe("a program that finds what it left behind", () => {
  const COMMAND = ["sh", "-c", "if [ -e log ]; then tail -n 1 log; fi; echo run $$ >>log"];
  const learned = async (t: TestContext, runs: string): Promise<Workplace> => {
    const place = new Workplace(t);
    const { stderr } = await place.learn(COMMAND, { options: ["--runs", runs] });
    assert.equal(/run 2 of 2: [1-9]\d* new behaviours/.test(stderr), runs === "2");
    return place;
  };

  it("is not known after one run", async (t) => {
    const place = await learned(t, "1");
    await place.refused(COMMAND, /^1: \S*sh runs \S*\/tail \[denied\]/);
  });

  it("is known after two, whatever it wrote meanwhile", async (t) => {
    const place = await learned(t, "2");
    for (let time = 0; time < 2; time++) await place.repeat(COMMAND);
  });
});
