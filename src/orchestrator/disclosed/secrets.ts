// SPDX-License-Identifier: Apache-2.0
// Paths that a rule which does not know programs should not open to all of a workload unless somebody says so: well-known
// secrets, and directories that hold more than one workload's things.

/** Files, and with a slash at the end everything below. `*` is one component. */
const SECRETS: readonly string[] = [
  "/etc/shadow",
  "/etc/shadow-",
  "/etc/gshadow",
  "/etc/gshadow-",
  "/etc/sudoers",
  "/etc/sudoers.d/",
  "/etc/krb5.keytab",
  "/etc/ssl/private/",
  "/etc/wireguard/",
  "/etc/NetworkManager/system-connections/",
  "/proc/kcore",
  "/proc/kallsyms",
  "/dev/mem",
  "/dev/kmem",
  "/dev/port",
  "/run/secrets/",
  "/var/run/secrets/",
  "/var/lib/sss/",
  "/sys/firmware/efi/efivars/",
  "/sys/kernel/debug/",
];
/** Names that are a secret wherever they stand: below a home directory as a rule. */
const SECRET_NAMES =
  /\/(?:\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.password-store)(?:\/|$)|\/(?:\.netrc|\.git-credentials|\.pgpass|\.my\.cnf|\.docker\/config\.json|\.config\/gcloud(?:\/.*)?|\.config\/gh\/hosts\.yml|ssh_host_[a-z0-9_]+_key|id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?)$/;
const BLOCK_DEVICE = 0o060000;
const S_IFMT = 0o170000;

/** Directories whose whole content is more than one workload's. Homes are those of `isHome`. */
const WIDE: ReadonlySet<string> = new Set([
  "/",
  "/boot",
  "/dev",
  "/etc",
  "/home",
  "/media",
  "/mnt",
  "/opt",
  "/proc",
  "/root",
  "/run",
  "/run/user",
  "/srv",
  "/sys",
  "/var",
  "/var/lib",
  "/var/log",
  "/var/run",
  "/var/spool",
]);
const HOME = /^\/home\/[^/]+$/;

/** Why this file should not be opened to everybody; undefined: nothing known against it. */
export function secretOf(path: string, mode: number): string | undefined {
  if ((mode & S_IFMT) === BLOCK_DEVICE) return "a block device";
  const known = SECRETS.some((secret) =>
    secret.endsWith("/") ? `${path}/`.startsWith(secret) : path === secret,
  );
  return known || SECRET_NAMES.test(path) ? "a well-known secret" : undefined;
}

/** Why not everything below this directory should be opened; undefined: nothing known against it. */
export function wideness(directory: string): string | undefined {
  if (WIDE.has(directory) || HOME.test(directory)) return "much more than this workload's files";
  const inside = directory.endsWith("/") ? directory : `${directory}/`;
  if (SECRETS.some((secret) => secret.startsWith(inside))) return "well-known secrets below it";
  return secretOf(directory, 0);
}
