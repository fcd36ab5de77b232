// SPDX-License-Identifier: Apache-2.0
// A web application of flask and sqlite and its tests under pytest, all as Debian has them.
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { COMMON_ATTACKS, reachedListener } from "./lib/attacks.ts";
import type { Attack, Workload } from "./lib/workload.ts";

const FOLDER: string = join(import.meta.dirname, "python-web");
const MODULES = "/usr/lib/python3/dist-packages";

/** Code that the application executes in its own process, because it takes it for a template. */
function template(lines: readonly string[]): string {
  return `export TEMPLATE='${lines.join("\n").replaceAll("'", "'\\''")}'`;
}

const SHADOW: Attack = {
  name: "the application itself reads /etc/shadow",
  inject: () => template(["result = open('/etc/shadow').read()"]),
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret) ? "the application has told the secret" : undefined,
};
const SHELL: Attack = {
  name: "the application runs a shell",
  inject: () => template(["import os", "result = os.popen('echo HARM-$((40+2))').read()"]),
  harm: (_run, _world, { stdout }) => (stdout.includes("HARM-42") ? "a shell has run" : undefined),
};
const MEMFD: Attack = {
  name: "the application runs a program from memory",
  inject: () =>
    template([
      "import os",
      "memory = os.memfd_create('x', 0)",
      "os.write(memory, b'#!/bin/sh\\necho HARM memory\\n')",
      "child = os.posix_spawn(f'/proc/self/fd/{memory}', ['x'], {})",
      "os.waitpid(child, 0)",
    ]),
  harm: (_run, _world, { stdout }) =>
    /HARM memory/.test(stdout) ? "the program has run" : undefined,
};
const HOST: Attack = {
  name: "the application connects to a new host",
  inject: (_run, { port, otherHost }) =>
    template([
      "import socket",
      `socket.create_connection(('${otherHost}', ${port})).send(b'HARM')`,
    ]),
  harm: reachedListener,
};
const PTRACE: Attack = {
  name: "the application traces its parent",
  inject: () =>
    template([
      "import ctypes, os",
      "libc = ctypes.CDLL(None)",
      "result = 'HARM trace' if libc.ptrace(16, os.getppid(), None, None) == 0 else 'refused'",
      "libc.waitpid(os.getppid(), None, 0x40000000)",
      "libc.ptrace(17, os.getppid(), None, None)",
    ]),
  harm: (_run, _world, { stdout }) =>
    /HARM trace/.test(stdout) ? "the parent was traced" : undefined,
};

export const pythonWeb: Workload = {
  name: "python-web",
  label: "python web application (flask, sqlite), pytest",
  needs: ["/usr/bin/python3", `${MODULES}/flask/app.py`, `${MODULES}/pytest/__init__.py`],
  command: async (run) => {
    cpSync(FOLDER, run.folder, { recursive: true });
    const scratch = join(run.folder, "tmp");
    mkdirSync(scratch); // pytest counts its folders in it, and throws away old ones
    const port = await run.port();
    const env = { HEALTH: run.site.health, INJECT: run.inject, PORT: `${port}`, TMPDIR: scratch };
    return { argv: ["/bin/bash", "work.sh"], env };
  },
  check: (_run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    return /^6 passed/m.test(stdout) ? undefined : "not all tests were run";
  },
  attacks: [...COMMON_ATTACKS, SHADOW, SHELL, MEMFD, HOST, PTRACE],
};
