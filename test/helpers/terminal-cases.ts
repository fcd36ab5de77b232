// SPDX-License-Identifier: Apache-2.0
// On a terminal a launched command behaves as without Galgo: Ctrl-C, Ctrl-Z, an interactive shell with job control.
import assert from "node:assert/strict";
import { it } from "node:test";
import { descendants, killProcess, processEntry } from "../../src/sensor/seccomp/launch-tree.ts";
import { Pty, STOPPABLE, typed } from "./pty.ts";
import { sh, until } from "./workloads.ts";

const SHELL = ["/bin/bash", "--norc", "--noprofile", "-i"];

/** @param driver the words that launch a command */
export function terminalCases(driver: (command: readonly string[]) => string[]): void {
  it("gives Ctrl-C to the command once, and Galgo lives on", async (t) => {
    const count =
      "trap 'echo caught; n=1' INT; echo begun; while [ -z $n ]; do sleep 0.05; done; sleep 0.3; exit 4";
    const pty = new Pty(t, driver(sh(count)));
    await pty.expect(/begun/);
    pty.type("\x03");
    assert.deepEqual(await pty.end(), { code: 4, signal: null });
    assert.equal(pty.output.match(/caught/g)?.length, 1);
  });

  it("lets an interactive shell control its jobs", async (t) => {
    const pty = new Pty(t, driver(SHELL));
    await pty.expect(/% /);
    pty.type(typed(STOPPABLE));
    await pty.expect(/begun/);
    pty.type("\x1a");
    await pty.expect(/\[1\]\+\s+Stopped/);
    pty.type("jobs; echo still $((40 + 2))\n");
    await pty.expect(/\[1\]\+\s+Stopped/);
    await pty.expect(/still 42/);
    pty.type("fg\n");
    await pty.expect(/awake/);
    pty.type("\x03");
    await pty.expect(/% /);
    pty.type("echo status=$?\n");
    await pty.expect(/status=130/);
    pty.type("sleep 1000 &\necho back\n");
    await pty.expect(/\r\nback/);
    pty.type("kill %1; wait; exit 5\n");
    assert.deepEqual(await pty.end(), { code: 5, signal: null });
    assert.doesNotMatch(pty.output, /no job control|cannot set terminal/);
  });

  it("stops with the command on Ctrl-Z and goes on with fg", async (t) => {
    const pty = new Pty(t, SHELL);
    await pty.expect(/% /);
    pty.type(typed(driver(STOPPABLE)));
    await pty.expect(/\r\nbegun/);
    pty.type("\x1a");
    await pty.expect(/\[1\]\+\s+Stopped/);
    pty.type("echo outer $((40 + 2))\n");
    await pty.expect(/outer 42/);
    pty.type("fg\n");
    await pty.expect(/awake/);
    pty.type("\x03");
    await pty.expect(/% /);
    pty.type("echo status=$?\n");
    await pty.expect(/status=130/);
  });

  it("stops with a command that stops itself", async (t) => {
    const pty = new Pty(t, SHELL);
    await pty.expect(/% /);
    pty.type(typed(driver(sh("echo be''gun; kill -STOP $$; echo con''tinued; exit 6"))));
    await pty.expect(/\r\nbegun/);
    await pty.expect(/\[1\]\+\s+Stopped/);
    pty.type("fg\n");
    await pty.expect(/\r\ncontinued/);
    pty.type("echo status=$?\n");
    await pty.expect(/status=6/);
  });

  it("goes on when the stopped command is continued by hand", async (t) => {
    const pty = new Pty(t, SHELL);
    await pty.expect(/% /);
    pty.type(
      typed(driver(sh("echo pid=$$; kill -STOP $$; echo con''tinued; kill -STOP $$; exit 6"))),
    );
    const pid = Number((await pty.expect(/pid=(\d+)/))[1]);
    await pty.expect(/\[1\]\+\s+Stopped/);
    process.kill(pid, "SIGCONT");
    await pty.expect(/continued\r\n/);
  });

  it("gets the terminal back from a shell that suspends itself", async (t) => {
    const pty = new Pty(t, SHELL);
    await pty.expect(/% /);
    pty.type(typed(driver(SHELL)));
    await pty.expect(/\r\n(.*)% /);
    pty.type("PS1='inner> '\n");
    await pty.expect(/\r\ninner> /);
    pty.type("suspend -f\n");
    await pty.expect(/\[1\]\+\s+Stopped/);
    pty.type("echo outer $((40 + 2))\n");
    await pty.expect(/outer 42/);
    pty.type("fg\n");
    await pty.expect(/fg\r\n/);
    pty.type("echo inner $((40 + 3))\n");
    await pty.expect(/inner 43/);
    pty.type("exit 7\n");
    await pty.expect(/% /);
    pty.type("echo status=$?\n");
    await pty.expect(/status=7/);
  });

  it("takes the terminal back from a shell that was killed", async (t) => {
    const pty = new Pty(t, [
      "/bin/sh",
      "-c",
      '"$@"; echo ended $?; read line; echo "got $line"; read line',
      "sh",
      ...driver(SHELL),
    ]);
    await pty.expect(/% /);
    const { pid } = pty.process;
    assert.ok(pid !== undefined);
    const all = descendants(pid);
    const shell = all.find((pid) => all.every((other) => processEntry(other)?.parent !== pid));
    assert.ok(shell !== undefined);
    killProcess(shell);
    await pty.expect(/ended 137/);
    pty.type("hello\n");
    await pty.expect(/got hello/);
    pty.type("\n"); // what a session leader writes last may be lost with the terminal
    await pty.end();
    await until("the shell is gone", () => processEntry(shell) === undefined);
  });
}
