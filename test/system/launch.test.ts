// SPDX-License-Identifier: Apache-2.0
// A launched command can not tell that it was launched: status, descriptors, signals, arguments, environment, limits.
// The same tests run over the native launcher and the one in Node.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { launchWorkload } from "../../src/sensor/seccomp/launch.ts";
import { LaunchError } from "../../src/sensor/seccomp/launch-types.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { notifying } from "../helpers/filters.ts";
import { hold, isRunning, run, sh, temporaryFolder, until } from "../helpers/workloads.ts";

const hasNative = buildLaunchers();
const { SIGHUP, SIGQUIT } = constants.signals;

for (const launcher of ["native", "node"] as const) {
  const skip = launcher === "native" && !hasNative ? "there is no C compiler" : false;
  describe(`the ${launcher} launcher`, { skip }, () => {
    it("gives back the exit code", async (t) => {
      const { exit, workload } = await run(t, launcher, sh("exit 7"));
      assert.deepEqual(exit, { code: 7, signal: null });
      assert.equal(await workload.execFailed, undefined);
      assert.equal(workload.launcher, launcher);
    });

    it("gives back the signal that ended the command", async (t) => {
      const { exit } = await run(t, launcher, sh("kill -TERM $$"));
      assert.deepEqual(exit, { code: null, signal: constants.signals.SIGTERM });
    });

    it("holds the command until it may go", async (t) => {
      const { workload, output, go } = await hold(t, launcher, sh("echo started"));
      assert.notEqual(
        readFileSync(`/proc/${workload.pid}/cmdline`, "latin1").split("\0")[0],
        "/bin/sh",
      );
      assert.equal(output(), "");
      go();
      await workload.drained;
      assert.equal(output(), "started\n");
    });

    it("can kill the command before it started", async (t) => {
      const { workload, output } = await hold(t, launcher, sh("echo started"));
      workload.kill();
      assert.deepEqual(await workload.exited, { code: null, signal: constants.signals.SIGKILL });
      await workload.drained;
      assert.equal(output(), "");
      await until("the guard has gone too", () => !isRunning(workload.guardPid));
    });

    it("leaves no descriptor of Galgo's open", async (t) => {
      const script = "cd /proc/$$/fd; for fd in *; do echo $fd; done";
      const plain = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" });
      const { output } = await run(t, launcher, sh(script));
      assert.equal(output, plain);
    });

    it("passes on more descriptors than three", async (t) => {
      const file = join(temporaryFolder(t), "more");
      writeFileSync(file, "from a fourth descriptor\n");
      const nothing = openSync("/dev/null", "r");
      const out = openSync(`${file}.out`, "w");
      const more = openSync(file, "r");
      t.after(() => [nothing, out, more].forEach(closeSync));
      await run(
        t,
        launcher,
        sh("cat <&4; for n in 3 4 5; do test -e /proc/$$/fd/$n && echo $n; done"),
        {
          stdio: [nothing, out, out, nothing, more],
        },
      );
      assert.equal(readFileSync(`${file}.out`, "utf8"), "from a fourth descriptor\n3\n4\n");
    });

    it("starts with no signal blocked, ignored or caught", async (t) => {
      const { output } = await run(t, launcher, ["/bin/cat", "/proc/self/status"]);
      for (const name of ["SigPnd", "SigBlk", "SigIgn", "SigCgt"]) {
        assert.match(output, new RegExp(`^${name}:\\s0{16}$`, "m"));
      }
    });

    it("ignores the signals that it is told to, as nohup does", async (t) => {
      const ignoredSignals = (1n << BigInt(SIGHUP - 1)) | (1n << BigInt(SIGQUIT - 1));
      const { output } = await run(t, launcher, ["/bin/cat", "/proc/self/status"], {
        ignoredSignals,
      });
      assert.match(
        output,
        new RegExp(`^SigIgn:\\s${ignoredSignals.toString(16).padStart(16, "0")}$`, "m"),
      );
      const { output: survived } = await run(t, launcher, sh("kill -HUP $$; echo alive"), {
        ignoredSignals,
      });
      assert.equal(survived, "alive\n");
    });

    it("ends a writer to a closed pipe, as without Node", async (t) => {
      const { output } = await run(t, launcher, [
        "/bin/bash",
        "-c",
        "set -o pipefail; yes | head -n 1; echo $?",
      ]);
      assert.equal(output, `y\n${128 + constants.signals.SIGPIPE}\n`);
    });

    it("passes arguments, argv[0], environment and folder unchanged", async (t) => {
      const folder = temporaryFolder(t);
      const env = {
        PATH: "/usr/bin:/bin",
        NODE_OPTIONS: "--no-such-option",
        "ODD NAME": "two\nlines",
        EMPTY: "",
      };
      const { output } = await run(
        t,
        launcher,
        [
          "typed",
          "-c",
          'tr "\\0" "|" </proc/$$/cmdline; echo; tr "\\0" "|" </proc/$$/environ; echo; pwd -P',
          "",
          "ü $x",
        ],
        { path: "/bin/bash", env, cwd: folder },
      );
      const [cmdline, environ, ...rest] = [
        output.slice(0, output.indexOf("\n")),
        ...output.slice(output.indexOf("\n") + 1).split("\n"),
      ];
      assert.match(cmdline ?? "", /^typed\|-c\|.*\|\|ü \$x\|$/);
      assert.deepEqual(
        new Set([environ, rest[0]].join("\n").split("|").filter(Boolean)),
        new Set(Object.entries(env).map(([name, value]) => `${name}=${value}`)),
      );
      assert.equal(rest[1], folder);
    });

    it("sets the soft limit of open files", async (t) => {
      const { output } = await run(t, launcher, sh("ulimit -Sn"), { openFiles: 123 });
      assert.equal(output, "123\n");
      const { output: kept } = await run(t, launcher, sh("ulimit -Sn"), { openFiles: 2 ** 40 });
      assert.equal(kept, execFileSync("/bin/sh", ["-c", "ulimit -Sn"], { encoding: "utf8" }));
    });

    it("filters, without new privileges where that is wanted", async (t) => {
      const { output, workload } = await run(t, launcher, ["/bin/cat", "/proc/self/status"]);
      assert.match(output, /^NoNewPrivs:\s1$/m);
      assert.match(output, /^Seccomp:\s2$/m);
      const own = Number(
        /^Seccomp_filters:\s(\d+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1],
      );
      assert.match(output, new RegExp(`^Seccomp_filters:\\s${own + 1}$`, "m"));
      assert.deepEqual(workload.features, ["wait-killable"]);
    });

    it("says why a command can not be run", async (t) => {
      const folder = temporaryFolder(t);
      const script = join(folder, "script");
      writeFileSync(script, "#!/no/such/interpreter\n");
      chmodSync(script, 0o755);
      const text = join(folder, "text");
      writeFileSync(text, "");
      chmodSync(text, 0o755);
      const cases: [string, string, number][] = [
        [join(folder, "absent"), "ENOENT", 127],
        [script, "ENOENT", 127],
        [folder, "EACCES", 126],
        [text, "ENOEXEC", 126],
      ];
      for (const [path, errno, code] of cases) {
        const { exit, output, workload } = await run(t, launcher, [path]);
        const error = await workload.execFailed;
        assert.ok(error instanceof LaunchError);
        assert.equal(error.code, "EXEC_FAILED");
        assert.equal(error.facts["errno"], errno);
        assert.ok(error.message.includes(path) && !error.message.includes("\n"));
        assert.deepEqual(exit, { code, signal: null });
        assert.equal(output, "");
      }
    });

    it("says that arguments are too long", async (t) => {
      await assert.rejects(hold(t, launcher, ["/bin/true", "x".repeat(200_000)]), {
        code: "EXEC_FAILED",
        facts: { step: "exec", errno: "E2BIG" },
      });
    });

    it("says that a folder or a filter is no good", async (t) => {
      const absent = join(temporaryFolder(t), "absent");
      await assert.rejects(hold(t, launcher, ["/bin/true"], { cwd: absent }), {
        code: "LAUNCH_FAILED",
      });
      await assert.rejects(hold(t, launcher, ["/bin/true"], { filter: new Uint8Array(7) }), {
        code: "BAD_MESSAGE",
      });
      const nonsense = new Uint8Array(8).fill(0xff);
      await assert.rejects(hold(t, launcher, ["/bin/true"], { filter: nonsense }), {
        code: "NO_USER_NOTIFICATION",
        facts: { step: "filter", errno: "EINVAL" },
      });
    });
  });
}

it("runs a command through Node when the native launcher is not there", async (t) => {
  const before = process.env["GALGO_LAUNCHER"];
  process.env["GALGO_LAUNCHER"] = "/no/such/launcher";
  t.after(() => {
    if (before === undefined) delete process.env["GALGO_LAUNCHER"];
    else process.env["GALGO_LAUNCHER"] = before;
  });
  const workload = await launchWorkload({
    command: ["/bin/true"],
    path: "/bin/true",
    env: {},
    cwd: "/",
    filter: notifying("connect"),
    noNewPrivs: true,
  });
  t.after(() => closeSync(workload.listenerFd));
  workload.go();
  assert.equal(workload.launcher, "node");
  assert.deepEqual(await workload.exited, { code: 0, signal: null });
  await workload.drained;
});
