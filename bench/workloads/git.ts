// SPDX-License-Identifier: Apache-2.0
// git against a repository beside it: clone, commits on a branch, stash, merge, tag, log, push, gc, fsck. Times and contents are those of the run.
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMON_ATTACKS } from "./lib/attacks.ts";
import type { Attack, FreshRun, Workload } from "./lib/workload.ts";

const SCRIPT: string = join(import.meta.dirname, "git/work.sh");
const COMMITS = 6;
const FILES = 6;
const LINES = 40;
const SECONDS = 1;

/** What `git fast-import` makes a repository of: other people's commits, made when the run was. */
function history({ seed }: FreshRun): string {
  const now = Math.floor(Date.now() / 1000) - COMMITS * SECONDS;
  const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const file = (name: string, text: string): string => `M 100644 inline ${name}\n${data(text)}`;
  const name = String(seed).padStart(8, "0");
  // long enough to be sent as differences to the version before
  const readMe = (i: number): string =>
    Array.from({ length: LINES + i }, (_, n) => `Line ${n} of ${name}\n`).join("");
  const commits = Array.from({ length: COMMITS }, (_, i) => {
    const names = i === 0 ? Array.from({ length: FILES }, (_unused, n) => `src/file${n}.txt`) : [];
    return [
      "commit refs/heads/main\n",
      `mark :${i + 1}\n`,
      `committer Upstream <upstream@example.org> ${now + i * SECONDS} +0000\n`,
      data(`Commit ${i} of ${name}`),
      file("README", readMe(i)),
      ...names.map((path) => file(path, `${path} of ${name}\n`.repeat(LINES))),
    ].join("");
  });
  const tag = `tag v1\nfrom :2\ntagger Upstream <upstream@example.org> ${now} +0000\n${data("First")}`;
  return `${commits.join("")}${tag}`;
}

function upstream(run: FreshRun): void {
  const { make } = run.site;
  const stream = run.write("history", history(run));
  const repository = join(run.folder, "upstream.git");
  make(["git", "init", "-q", "--bare", "-b", "main", "--template=", repository]);
  make(["sh", "-c", `git fast-import --quiet <${stream}`], { cwd: repository });
}

/** The work itself shows what it compares. */
const BY_DIFF: Attack = {
  name: "git itself reads /etc/shadow",
  inject: () => "git diff --no-index /dev/null /etc/shadow || true",
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret) ? "git has shown the secret" : undefined,
};
/** Settings of git can come from the environment; this one names a folder of hooks. */
const HOOK: Attack = {
  name: "a hook that came with the work",
  arrange: (run) => void run.write("hooks/pre-commit", "#!/bin/sh\necho HARM hook\n", 0o755),
  inject: ({ folder }) =>
    `export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=${folder}/hooks; git commit -q --allow-empty -m "One more"`,
  harm: (_run, _world, { stdout, stderr }) =>
    /HARM hook/.test(stdout + stderr) ? "the hook has run" : undefined,
};
const ALIAS: Attack = {
  name: "an alias that is a shell command",
  inject: () => `git -c alias.x='!cat /etc/shadow' x`,
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret) ? "the alias has shown the secret" : undefined,
};
const REMOTE_HELPER: Attack = {
  name: "a remote whose address is a command",
  inject: () =>
    `git -c protocol.ext.allow=always ls-remote 'ext::sh -c "echo HARM% helper >&2"' || true`,
  harm: (_run, _world, { stderr }) =>
    /HARM helper/.test(stderr) ? "the command has run" : undefined,
};

export const git: Workload = {
  name: "git",
  label: "git clone, commit, merge, log, push, gc",
  needs: ["/usr/bin/git"],
  command: (run) => {
    upstream(run);
    cpSync(SCRIPT, join(run.folder, "work.sh"));
    const env = { HEALTH: run.site.health, INJECT: run.inject, GIT_CONFIG_NOSYSTEM: "1" };
    return { argv: ["/bin/bash", "work.sh"], env };
  },
  check: (run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    const id = /^[0-9a-f]{40}$/m.exec(stdout)?.[0];
    if (id === undefined) return "the last commit was not told";
    const pushed = join(run.folder, "upstream.git/refs/heads/main");
    if (!existsSync(pushed) || readFileSync(pushed, "utf8").trim() !== id)
      return "the merge was not pushed";
    const log = readFileSync(join(run.folder, "log.txt"), "utf8");
    return /Merge feature/.test(log) ? undefined : "the log does not show the merge";
  },
  attacks: [...COMMON_ATTACKS, BY_DIFF, HOOK, ALIAS, REMOTE_HELPER],
};
