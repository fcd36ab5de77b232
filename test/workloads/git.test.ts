// SPDX-License-Identifier: Apache-2.0
// git status, git log, git commit in a repository of its own.
// What varied between runs, with everything that git dates and signs held still: names of temporary objects (tmp_obj_XXXXXX, rule
// created-class) and the content of .git/index, which holds inode numbers and times. git commit writes the index, so learning finds the
// rule for it; git status and git log only read it, so they are repeated in the very repository that they were learned in.
import assert from "node:assert/strict";
import { existsSync, utimesSync } from "node:fs";
import { describe, it } from "node:test";
import { lacks, USERS, Workplace } from "./workplace.ts";

const DATE = "2024-01-01T00:00:00Z";
const FILES = ["a.txt", "b.txt", "c.txt", "sub/d.txt"];

function setUp(place: Workplace): void {
  Object.assign(place.env, {
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_AUTHOR_NAME: "A",
    GIT_AUTHOR_EMAIL: "a@example.org",
    GIT_AUTHOR_DATE: DATE,
    GIT_COMMITTER_NAME: "A",
    GIT_COMMITTER_EMAIL: "a@example.org",
    GIT_COMMITTER_DATE: DATE,
  });
}

/** A commit and a change after it. Old times, so that git does not have to look twice at files as young as its index. */
function repository(place: Workplace): void {
  place.world(() => FILES.map((name) => place.write(name, `${name}\n`)));
  for (const name of FILES) utimesSync(place.path(name), new Date(DATE), new Date(DATE));
  place.prepare("git", "init", "-q", "-b", "main", "--template=");
  place.prepare("git", "add", ".");
  place.prepare("git", "commit", "-q", "-m", "first");
  place.write("a.txt", "changed\n");
  utimesSync(place.path("a.txt"), new Date(DATE), new Date("2024-01-02T00:00:00Z"));
}

const head = (place: Workplace): string => place.prepare("git", "rev-parse", "HEAD");

for (const user of USERS) {
  describe(`git, as ${user.name}`, () => {
    it("status: repeated; refused with another configuration", async (t) => {
      if (lacks(t, "git")) return;
      const place = new Workplace(t, user);
      setUp(place);
      repository(place);
      const command = ["git", "status"];
      const { stdout } = await place.learn(command);
      assert.match(stdout, /modified: +a\.txt/);
      assert.equal((await place.repeat(command)).stdout, stdout);
      // a monitor is a program of the repository's choice that git status runs
      place.write("monitor", "#!/bin/sh\ntouch monitored\n", 0o755);
      place.prepare("git", "config", "core.fsmonitor", "./monitor");
      await place.refused(command, /^1: \S*git opens .*\/\.git\/config for reading \[denied\]/);
      assert.equal(existsSync(place.path("monitored")), false);
    });

    it("log: repeated; refused to run a program of the environment's choice", async (t) => {
      if (lacks(t, "git")) return;
      const place = new Workplace(t, user);
      setUp(place);
      repository(place);
      const command = ["git", "log", "--stat", "-p", "--ext-diff"];
      place.env["GIT_EXTERNAL_DIFF"] = "true";
      const { stdout } = await place.learn(command);
      assert.match(stdout, /Date: +Mon Jan 1 00:00:00 2024/);
      assert.equal((await place.repeat(command)).stdout, stdout);
      const env = {
        GIT_EXTERNAL_DIFF: place.write("differ", "#!/bin/sh\ntouch differed\n", 0o755),
      };
      await place.refused(command, /^1: \S*git runs .*\/differ \[denied\]/, { env });
      assert.equal(existsSync(place.path("differed")), false);
    });

    it("commit: repeated in a new repository; refused to run a hook that was not there", async (t) => {
      if (lacks(t, "git")) return;
      const place = new Workplace(t, user);
      setUp(place);
      const command = ["git", "commit", "-a", "-m", "second"];
      repository(place);
      await place.learn(command);
      const second = head(place);
      repository(place);
      assert.notEqual(head(place), second);
      await place.repeat(command);
      assert.equal(head(place), second);

      repository(place);
      const first = head(place);
      place.write(".git/hooks/pre-commit", "#!/bin/sh\ntouch hooked\n", 0o755);
      await place.refused(command, /^1: \S*git runs .*\/\.git\/hooks\/pre-commit \[denied\]/);
      assert.equal(existsSync(place.path("hooked")), false);
      assert.equal(head(place), first);
    });
  });
}
