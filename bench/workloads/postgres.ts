// SPDX-License-Identifier: Apache-2.0
// PostgreSQL as Debian builds it, as its own user, on a copy of a fresh cluster, under psql and pgbench.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { COMMON_ATTACKS } from "./lib/attacks.ts";
import type { Attack, FreshRun, Workload } from "./lib/workload.ts";

const VERSIONS = "/usr/lib/postgresql";
const USER = "postgres";
const TRANSACTIONS = 400;

/** Folder of the newest version that is installed. */
function programs(): string {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  const newest = versions.map(Number).reduce((a, b) => Math.max(a, b), 0);
  return join(VERSIONS, String(newest), "bin");
}

const BIN = programs();

function driver({ folder, site, inject }: FreshRun, port: number): string {
  return `
cd ${folder}/data
export PATH=${BIN}:$PATH PGHOST=127.0.0.1 PGPORT=${port} PGUSER=${USER} PGDATABASE=${USER}
as="setpriv --reuid=${USER} --regid=${USER} --init-groups"
$as pg_ctl -D ${folder}/data -w -s -l ${folder}/log/postgres.log -o "-p ${port} -k ${folder}/log" start || exit 1
pgbench -i -q -s 1 2>${folder}/pgbench.txt
pgbench -c 2 -j 2 -t ${TRANSACTIONS} >>${folder}/pgbench.txt 2>&1
pgbench -n -S -M prepared -c 4 -t ${TRANSACTIONS} >>${folder}/pgbench.txt 2>&1
psql -Atq -c 'select count(*) from pgbench_history' -c 'create table t as select g, md5(g::text) m from generate_series(1, 20000) g' \\
  -c 'create index on t (m)' -c 'analyze t' -c 'select count(*) from t where m < $$8$$' -c 'vacuum t' -c 'checkpoint'
psql -Atq -c 'copy (select * from t order by m) to stdout' >${folder}/copy.txt
cat ${folder}/copy.txt | wc -l
${site.health}
${inject}
grep -c 'number of failed transactions: 0' ${folder}/pgbench.txt
$as pg_ctl -D ${folder}/data -w -s -m fast stop
`;
}

const BY_PROGRAM: Attack = {
  name: "postgres itself runs a program (copy from program)",
  inject: () =>
    `psql -Atq -c "create table p (l text); copy p from program 'echo HARM-\\$((40+2))'; select * from p"`,
  harm: (_run, _world, { stdout }) => (stdout.includes("HARM-42") ? "it was run" : undefined),
};

const BY_FILE: Attack = {
  name: "postgres itself reads a secret (pg_read_file)",
  arrange: (run, { secret }) => run.give(run.write("secret/key", `${secret}\n`), USER),
  inject: (run) => `psql -Atq -c "select pg_read_file('${run.folder}/secret/key')"`,
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret) ? "the secret was printed" : undefined,
};

export const postgres: Workload = {
  name: "postgres",
  label: `PostgreSQL, psql, ${3 * TRANSACTIONS} and more transactions of pgbench`,
  needs: [join(BIN, "postgres"), join(BIN, "initdb"), join(BIN, "pgbench"), join(BIN, "psql")],
  prepare: ({ folder, make }) => {
    make(["install", "-d", "-m", "700", "-o", USER, "-g", USER, join(folder, "data")]);
    const initdb = [join(BIN, "initdb"), "-D", join(folder, "data"), "-A", "trust", "-U", USER];
    make([...initdb, "-N", "--locale=C.UTF-8", "-E", "UTF8"], { user: USER });
  },
  command: async (run) => {
    const port = await run.port();
    for (const path of [run.copy("data"), join(run.write("log/README", "logs\n"), "..")])
      run.give(path, USER);
    return { argv: ["/bin/bash", "-c", driver(run, port)] };
  },
  check: (_run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    const [, history, lines] = /^(\d+)\n\d+\n(\d+)\nhealthy\n2\n/m.exec(stdout) ?? [];
    const right = Number(history) === 2 * TRANSACTIONS && lines === "20000";
    return right ? undefined : "wrong answers";
  },
  attacks: [...COMMON_ATTACKS, BY_PROGRAM, BY_FILE],
};
