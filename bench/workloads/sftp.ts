// SPDX-License-Identifier: Apache-2.0
// OpenSSH on loopback: an own sshd with own keys, two sftp sessions that move files, one command by ssh.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMON_ATTACKS, keyHarm } from "./lib/attacks.ts";
import type { Attack, FreshRun, Workload } from "./lib/workload.ts";

const FILES = 12;

function configuration(folder: string, port: number): string {
  return `
ListenAddress 127.0.0.1
Port ${port}
HostKey ${folder}/keys/host
AuthorizedKeysFile ${folder}/keys/user.pub
PidFile ${folder}/sshd.pid
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication no
PermitRootLogin prohibit-password
SetEnv HOME=${folder}/home
Subsystem sftp /usr/lib/openssh/sftp-server
`;
}

function driver({ folder, site, inject }: FreshRun, port: number): string {
  return `
port=${port}
options="-F none -o UserKnownHostsFile=${folder}/known_hosts -o IdentitiesOnly=yes -i ${folder}/keys/user -o BatchMode=yes"
to="root@127.0.0.1"
/usr/sbin/sshd -f ${folder}/sshd_config -E ${folder}/sshd.log || exit 1
${site.health} there ${folder}/sshd.pid
sftp -q $options -P ${port} -b ${folder}/up.batch $to >${folder}/up.txt
sftp -q $options -P ${port} -b ${folder}/down.batch $to >${folder}/down.txt
ssh $options -p ${port} $to "wc -c <${folder}/remote/renamed"
cat ${folder}/down/file3
${site.health}
${inject}
grep -c 'sftp> put' ${folder}/up.txt
kill $(<${folder}/sshd.pid)
${site.health} gone ${folder}/sshd.pid
`;
}

function batches({ folder }: FreshRun): { readonly up: string; readonly down: string } {
  const names = Array.from({ length: FILES }, (_, i) => `file${i}`);
  const up = [
    `mkdir ${folder}/remote`,
    ...names.map((name) => `put ${folder}/local/${name} ${folder}/remote/${name}`),
    `rename ${folder}/remote/file0 ${folder}/remote/renamed`,
    `chmod 600 ${folder}/remote/file1`,
    `rm ${folder}/remote/file2`,
  ];
  const down = [
    `ls -l ${folder}/remote`,
    ...names.slice(3).map((name) => `get ${folder}/remote/${name} ${folder}/down/${name}`),
  ];
  return { up: `${up.join("\n")}\n`, down: `${down.join("\n")}\n` };
}

function bySession(name: string, batch: (run: FreshRun) => string): Attack {
  return {
    name,
    arrange: (run) => void run.write("home/.ssh/authorized_keys", ""),
    inject: (run) =>
      `sftp -q $options -P $port -b - $to <<<"${batch(run)}" && cat ${run.folder}/stolen`,
    harm: (run, { secret }, { stdout }) =>
      stdout.includes(secret) ? "the secret was fetched" : keyHarm(run, "file 5"),
  };
}

export const sftp: Workload = {
  name: "sftp",
  label: "OpenSSH: own sshd, two sftp sessions, one command",
  needs: ["/usr/sbin/sshd", "/usr/bin/sftp", "/usr/bin/ssh", "/usr/bin/ssh-keygen"],
  prepare: ({ folder, make }) => {
    make(["install", "-d", "-m", "755", "/run/sshd", join(folder, "keys")]);
    for (const name of ["host", "user"])
      make(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(folder, "keys", name)]);
  },
  command: async (run) => {
    const port = await run.port();
    run.copy("keys");
    run.write("sshd_config", configuration(run.folder, port));
    for (let i = 0; i < FILES; i++)
      run.write(`local/file${i}`, `${`file ${i}\n`.repeat(2_000 * i + 1)}${run.random(2 ** 32)}\n`);
    const host = readFileSync(join(run.site.folder, "keys/host.pub"), "utf8");
    run.write("known_hosts", `[127.0.0.1]:${port} ${host}`);
    run.write("down/README", "what was fetched\n");
    const { up, down } = batches(run);
    run.write("up.batch", up);
    run.write("down.batch", down);
    return { argv: ["/bin/bash", "-c", driver(run, port)] };
  },
  check: (_run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    return /^\d+\n(?:file 3\n)+\d+\n/.test(stdout) && stdout.endsWith(`\n${FILES}\n`)
      ? undefined
      : "wrong answers";
  },
  attacks: [
    ...COMMON_ATTACKS,
    bySession(
      "sftp-server itself reads /etc/shadow",
      (run) => `get /etc/shadow ${run.folder}/stolen`,
    ),
    bySession(
      "sftp-server itself writes ~/.ssh/authorized_keys",
      (run) => `put ${run.folder}/local/file5 ${run.home}/.ssh/authorized_keys`,
    ),
  ],
};
