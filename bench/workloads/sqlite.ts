// SPDX-License-Identifier: Apache-2.0
// The command line of sqlite3: a database with journal and write-ahead log, sorting, VACUUM, a dump that is loaded again, a backup.
import { COMMON_ATTACKS, keyHarm, SHADOW_BY_HEALTH } from "./lib/attacks.ts";
import type { Attack, FreshRun, Workload } from "./lib/workload.ts";

const ROWS = 30_000;

function fill(seed: number): string {
  return `
create table t (id integer primary key, name text, value integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < ${ROWS})
  insert into t select i, hex(i * 7919 % 65537 + ${seed}) || 'name', i % 97 from n;
create index by_name on t (name);
begin; update t set value = value + 1 where id % 3 = 0; commit;
`;
}

const ASK = `
select count(*), sum(value) from t;
select name from t order by name desc limit 1;
select count(*) from (select a.id from t a join t b on a.value = b.value + 1 where a.id % 50 = 0 and b.id % 50 = 0);
`;
const LOG = `
pragma journal_mode = wal;
delete from t where id % 10 = 0;
insert into t select id + ${ROWS * 2}, name, 1 from t limit 1000;
pragma wal_checkpoint(truncate);
pragma journal_mode = delete;
vacuum;
`;

function driver({ folder, site, inject, random }: FreshRun): string {
  return `
set -e
sqlite3 ${folder}/work.db <<'SQL'
${fill(random(1_000))}
SQL
sqlite3 ${folder}/work.db <<'SQL' >${folder}/answers.txt
${ASK}
SQL
sqlite3 ${folder}/work.db <<'SQL'
${LOG}
SQL
sqlite3 ${folder}/work.db .dump >${folder}/dump.sql
sqlite3 ${folder}/copy.db ".read ${folder}/dump.sql"
sqlite3 ${folder}/work.db ".backup ${folder}/backup.db" "pragma integrity_check" "attach '${folder}/copy.db' as c" \\
  "select count(*) from (select * from main.t except select * from c.t)"
cat ${folder}/answers.txt
${site.health}
set +e
${inject}
grep -c INSERT ${folder}/dump.sql
exit $?
`;
}

const BY_READFILE: Attack = {
  name: "sqlite3 itself reads /etc/shadow",
  inject: ({ folder }) => `sqlite3 ${folder}/work.db "select readfile('/etc/shadow')"`,
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret) ? "the secret was printed" : undefined,
};

const BY_WRITEFILE: Attack = {
  name: "sqlite3 itself writes ~/.ssh/authorized_keys",
  arrange: (run) => void run.write("home/.ssh/authorized_keys", ""),
  inject: ({ folder, home }) =>
    `sqlite3 ${folder}/work.db "select writefile('${home}/.ssh/authorized_keys', 'ssh-ed25519 of-an-attacker')"`,
  harm: (run) => keyHarm(run, "ssh-ed25519 of-an-attacker"),
};

const BY_SHELL: Attack = {
  name: "sqlite3 itself runs a shell",
  inject: ({ folder }) => `sqlite3 ${folder}/work.db ".shell echo HARM-\\$((40+2))"`,
  harm: (_run, _world, { stdout }) => (stdout.includes("HARM-42") ? "it was run" : undefined),
};

export const sqlite: Workload = {
  name: "sqlite3",
  label: `sqlite3, ${ROWS.toLocaleString("en-US")} rows, journal and log, dump, backup`,
  needs: ["/usr/bin/sqlite3"],
  command: (run) => ({ argv: ["/bin/bash", "-c", driver(run)] }),
  check: (_run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    return /^ok\n0\n30000\|/m.test(stdout) && /^28000$/m.test(stdout) ? undefined : "wrong answers";
  },
  attacks: [...COMMON_ATTACKS, SHADOW_BY_HEALTH, BY_READFILE, BY_WRITEFILE, BY_SHELL],
};
