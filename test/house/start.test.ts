// SPDX-License-Identifier: Apache-2.0
// ./galgo: installs and builds once, says little, keeps out of the way of what it starts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Checkout, type Ending } from "./checkout.ts";

const NOBODY = 65534;
const INSTALLING = "galgo: installing packages (npm ci) ...\n";
const BUILDING = "galgo: building ...\n";

interface Program {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

function programOf(ending: Ending): Program {
  assert.equal(ending.status, 0, ending.stderr);
  return JSON.parse(ending.stdout);
}

describe("./galgo", () => {
  it("installs and builds at the first start, and is silent afterwards", async () => {
    using checkout = new Checkout();
    const args = ["run", "--", "a b", "", "*", "$HOME"];
    const first = await checkout.start({ args, stdin: "hello" });
    const program = programOf(first);
    assert.deepEqual(program.args, args);
    assert.equal(program.stdin, "hello");
    assert.equal(first.stderr, INSTALLING + BUILDING);

    const second = await checkout.start({ args });
    assert.deepEqual(programOf(second).args, args);
    assert.equal(second.stderr, "");
    assert.equal(checkout.builds(), 1);
    assert.equal(existsSync(checkout.path(".galgo-setup.lock")), false);
  });

  it("leaves the environment as it is", async () => {
    using checkout = new Checkout();
    const env = {
      root: "1",
      node: "2",
      self: "3",
      link: "4",
      modules: "5",
      PATH: process.env["PATH"] ?? "",
      NODE_EXTRA_CA_CERTS: "",
    };
    const shells = { PWD: "", OLDPWD: "", SHLVL: "", _: "", GALGO_STARTER_SIGIGN: "" };
    const expected = { ...process.env, GALGO_NO_APT: "1", ...env, ...shells };
    const first = programOf(await checkout.start({ env }));
    assert.deepEqual({ ...first.env, ...shells }, expected);
    const second = programOf(await checkout.start({ env }));
    assert.deepEqual({ ...second.env, ...shells }, expected);
  });

  it("gives back the exit status", async () => {
    using checkout = new Checkout();
    assert.equal((await checkout.start({ env: { EXIT: "121" } })).status, 121);
  });

  it("builds again after an edit, a removal or a rename, but not for a test", async () => {
    using checkout = new Checkout();
    checkout.write("src/cli/old.ts", "\n");
    await checkout.start();
    checkout.edit("src/cli/main.ts");
    assert.equal((await checkout.start()).stderr, BUILDING);
    spawnSync("mv", [checkout.path("src/cli/old.ts"), checkout.path("src/cli/new.ts")]);
    assert.equal((await checkout.start()).stderr, BUILDING);
    checkout.write("src/cli/main.test.ts", "\n");
    await checkout.start(); // a new name in the folder
    checkout.edit("src/cli/main.test.ts");
    assert.equal((await checkout.start()).stderr, "");
  });

  it("installs again when the lock file changed, and not when it was only touched", async () => {
    using checkout = new Checkout();
    await checkout.start();
    checkout.changeLock("1.0.1");
    assert.equal((await checkout.start()).stderr, INSTALLING + BUILDING);
    checkout.changeLock("1.0.1");
    assert.equal((await checkout.start()).stderr, BUILDING);
  });

  it("works through symbolic links and from another folder", async () => {
    using checkout = new Checkout();
    mkdirSync(checkout.path("bin"));
    mkdirSync(checkout.path("else where"));
    symlinkSync("../galgo", checkout.path("bin/one"));
    symlinkSync(checkout.path("bin/one"), checkout.path("else where/two"));
    const cwd = checkout.path("else where");
    assert.equal(
      programOf(await checkout.start({ cwd }, checkout.path("else where/two"))).cwd,
      cwd,
    );
    assert.equal(programOf(await checkout.start({ cwd }, "./two")).cwd, cwd);
    assert.equal(programOf(await checkout.start({ cwd }, "../galgo")).cwd, cwd);
    assert.equal(checkout.builds(), 1);
  });

  it("sets up once when several first starts overlap", async () => {
    using checkout = new Checkout();
    const gate = checkout.path("gate");
    spawnSync("mkfifo", [gate]);
    const waiting = new Set<number>();
    const start = (n: number): Promise<Ending> =>
      checkout.start({
        args: [`${n}`],
        onStderr: (soFar) => {
          if (!soFar.includes("another start is setting up") || waiting.has(n)) return;
          waiting.add(n);
          // the fourth is in the build
          if (waiting.size === 3) writeFileSync(gate, "go\n");
        },
      });
    const endings = await Promise.all([1, 2, 3, 4].map(start));
    assert.deepEqual(
      endings.map((ending) => programOf(ending).args),
      [["1"], ["2"], ["3"], ["4"]],
    );
    assert.equal(checkout.builds(), 1);
  });

  it("takes over from a start that died while it was setting up", async () => {
    using checkout = new Checkout();
    const dead = spawnSync("true").pid;
    checkout.write(".galgo-setup.lock/pid", `${dead}\n`);
    const endings = await Promise.all([1, 2, 3].map(() => checkout.start()));
    for (const ending of endings) programOf(ending);
    assert.equal(checkout.builds(), 1);
    assert.equal(existsSync(checkout.path(".galgo-setup.lock")), false);
  });

  it("runs what was built when it may not write, and says so when that is old", async () => {
    using checkout = new Checkout();
    await checkout.start();
    makeReadOnly(checkout.root);
    const uid = process.getuid?.() === 0 ? { uid: NOBODY } : {};
    const env = { HOME: "/nonexistent" };
    const cwd = "/";
    assert.equal((await checkout.start({ ...uid, env, cwd })).stderr, "");
    if (process.getuid?.() === 0) {
      checkout.edit("src/cli/main.ts");
      const old = await checkout.start({ ...uid, env, cwd });
      programOf(old);
      assert.match(
        old.stderr,
        /^galgo: warning: .* is read-only and its sources are newer[^\n]*\n$/,
      );
    }
    chmodSync(checkout.root, 0o755);
    spawnSync("chmod", ["-R", "u+w", checkout.root]);
  });

  it("exits with 125 and the compiler's words when the build fails, and tries again next time", async () => {
    using checkout = new Checkout();
    checkout.write("src/cli/broken.ts", "");
    checkout.write("src/cli/main.ts", "BROKEN\n");
    for (let round = 0; round < 2; round += 1) {
      const ending = await checkout.start();
      assert.equal(ending.status, 125);
      assert.equal(ending.stdout, "");
      assert.match(ending.stderr, /main\.ts is broken\ngalgo: the build failed in /);
    }
    checkout.write("src/cli/main.ts", "console.log('{}');\n");
    programOf(await checkout.start());
  });

  it("exits with 125 and npm's words when the installation fails", async () => {
    using checkout = new Checkout();
    checkout.write("package-lock.json", "{}");
    const ending = await checkout.start();
    assert.equal(ending.status, 125);
    assert.match(ending.stderr, /npm error[\s\S]*galgo: npm ci failed in /);
    assert.deepEqual(
      readdirSync(checkout.root).filter((name) => name.startsWith(".galgo")),
      [],
    );
  });

  it("passes over a Node that is too old or broken", async () => {
    using checkout = new Checkout();
    const bad = [
      ["v20.18.1", "too old"],
      ["v18.20.4", "too old"],
      ["nonsense", "broken"],
    ] as const;
    for (const [version] of bad) {
      checkout.write("old/node", `#!/bin/sh\necho ${version}\n`);
      chmodSync(checkout.path("old/node"), 0o755);
      const good = process.execPath.replace(/\/node$/, "");
      const probe = `
        galgo_root=${checkout.root}; . ./scripts/setup.sh
        node_is_good old/node && exit 3
        node_is_good "${good}/node" || exit 4
      `;
      const ending = spawnSync("sh", ["-c", probe], { cwd: checkout.root, encoding: "utf8" });
      assert.equal(ending.status, 0, `${version}: ${ending.stderr}`);
    }
  });

  it("says what it needs where there is no usable Node", async () => {
    using checkout = new Checkout();
    const probe = `
      galgo_root=.; . ./scripts/setup.sh
      node_is_good() { node_version=v18.20.4; return 1; }
      need_node
    `;
    const env = { ...process.env, GALGO_NO_APT: "1" };
    const ending = spawnSync("sh", ["-c", probe], { cwd: checkout.root, encoding: "utf8", env });
    assert.equal(ending.status, 1);
    assert.match(
      ending.stderr,
      /^galgo: needs Node\.js 20\.19 or newer in PATH; .* is v18\.20\.4\. See https:\/\/\S+\n$/,
    );
  });
});

/** For everybody but root, who writes where he likes. */
function makeReadOnly(root: string): void {
  spawnSync("chmod", ["-R", "a-w,a+rX", root]);
}
