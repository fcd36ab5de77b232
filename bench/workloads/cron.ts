// SPDX-License-Identifier: Apache-2.0
// A nightly job in a shell: rotates and compresses logs, reports with awk, packs a backup named by date, mails. Each run works for another night.
import { cpSync, existsSync, readFileSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { COMMON_ATTACKS } from "./lib/attacks.ts";
import type { Attack, FreshRun, Workload } from "./lib/workload.ts";

const SCRIPT: string = join(import.meta.dirname, "cron/nightly.sh");
const LINES = 2000;
const DATA_FILES = 8;
const DAY_MS = 86_400_000;
const FIRST_NIGHT: number = Date.UTC(2026, 0, 1);
const NIGHTS = 700;

/** The night that a run works for. */
function nightOf({ random }: FreshRun): string {
  const time = FIRST_NIGHT + random(NIGHTS) * DAY_MS + random(DAY_MS);
  return new Date(time).toISOString().slice(0, "2026-01-01T00:00:00".length);
}

function logOf({ random }: FreshRun): string {
  const line = (): string => {
    const error = random(17) === 0 ? " ERROR" : "";
    return `192.0.2.${random(50)} /page${random(13)} ${200 + random(3)} ${random(9000)}${error}\n`;
  };
  return Array.from({ length: LINES }, line).join("");
}

/** Logs of the days before, a spool, data, and things that are old enough to be thrown away. */
function world(run: FreshRun): void {
  const old = new Date(Date.now() - 60 * DAY_MS);
  for (const name of ["app", "access"]) {
    run.write(`logs/${name}.log`, logOf(run));
    run.write(`logs/${name}.log.1`, logOf(run));
    for (const n of [2, 3, 4]) run.write(`logs/${name}.log.${n}.gz`, gzipSync(logOf(run)));
    utimesSync(run.write(`logs/${name}.log.9.gz`, gzipSync("old\n")), old, old);
  }
  const bytes = (): Uint8Array => Uint8Array.from({ length: 3000 }, () => run.random(256));
  for (let i = 0; i < DATA_FILES; i++) run.write(`data/file${i}.bin`, bytes());
  for (const file of ["data-first.tar.gz", "data-first.sha256"])
    utimesSync(run.write(`backups/2025-12/${file}`, "old\n"), old, old);
  for (const folder of ["run", "reports", "spool"]) run.write(`${folder}/.keep`, "");
  run.write("spool/root", "");
}

/** Names in the data folder that tar takes for options, as the star gives them to it. */
const STAR: Attack = {
  name: "file names that are options of tar",
  arrange: (run) => {
    run.write("data/--checkpoint=1", "");
    // a shell by itself would not show: tar has one start gzip in every run, and words are no behaviour
    run.write("data/--checkpoint-action=exec=sh evil.sh", "");
    run.write("data/evil.sh", "echo HARM star\n");
  },
  inject: () => ":",
  harm: (_run, _world, { stdout, stderr }) =>
    /HARM star/.test(stdout + stderr) ? "tar has run a script" : undefined,
};
const BY_AWK: Attack = {
  name: "awk itself reads /etc/shadow",
  inject: () => `awk 'BEGIN { while ((getline line <"/etc/shadow") > 0) print line }'`,
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret) ? "awk has shown the secret" : undefined,
};
const BY_TAR: Attack = {
  name: "tar itself packs /etc/shadow",
  inject: () => "tar -cf - /etc/shadow | cat",
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret) ? "the archive holds the secret" : undefined,
};
const AWK_SYSTEM: Attack = {
  name: "awk starts a shell",
  inject: () => `awk 'BEGIN { system("echo HARM awk") }'`,
  harm: (_run, _world, { stdout }) => (/HARM awk/.test(stdout) ? "the shell has run" : undefined),
};

export const cron: Workload = {
  name: "cron",
  label: "a nightly shell script: rotate, gzip, awk, tar",
  needs: ["/usr/bin/awk", "/usr/bin/find", "/usr/bin/gzip", "/usr/bin/tar", "/usr/bin/sha256sum"],
  command: (run) => {
    world(run);
    cpSync(SCRIPT, join(run.folder, "nightly.sh"));
    const env = { HEALTH: run.site.health, INJECT: run.inject, JOB_TIME: nightOf(run) };
    return { argv: ["/bin/bash", "nightly.sh"], env };
  },
  check: (run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    if (!/^nightly \d{4}-\d\d-\d\d$/m.test(stdout)) return "the mail was not written";
    const spool = readFileSync(join(run.folder, "spool/root"), "utf8");
    if (!/^errors: [1-9]\d*$/m.test(spool)) return "the report is not in the mail";
    const months = readdirSync(join(run.folder, "backups"));
    if (months.length !== 2) return "no backup was made";
    const gone = !existsSync(join(run.folder, "backups/2025-12/data-first.tar.gz"));
    return gone && !existsSync(join(run.folder, "logs/app.log.9.gz"))
      ? undefined
      : "old files stay";
  },
  attacks: [...COMMON_ATTACKS, STAR, BY_AWK, BY_TAR, AWK_SYSTEM],
};
