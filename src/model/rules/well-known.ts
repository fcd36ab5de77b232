// SPDX-License-Identifier: Apache-2.0
// Names that no rule which was found may ever make equal to others: where secrets lie, what decides who may do what, and devices that see everything.
import { ANYBODY, matchesComponent } from "../template/match.ts";
import { type Component, hasHole, type Template } from "../template/template.ts";

/** Any one component. */
const ANY = "*";

const ETC: readonly string[] = [
  ...["shadow", "shadow-", "gshadow", "gshadow-", "passwd", "passwd-", "group", "sudoers"],
  ...["sudoers.d/*", "pam.d/*", "security/*", "ld.so.preload", "ld.so.cache", "ld.so.conf"],
  ...["ld.so.conf.d/*", "crontab", "cron.d/*", "cron.daily/*", "cron.hourly/*", "profile"],
  ...["profile.d/*", "environment", "ssh/*", "ssl/private/*", "krb5.keytab", "systemd/system/*"],
  ...["hosts", "resolv.conf", "nsswitch.conf", "wireguard/*", "letsencrypt/live/*/*"],
];

/** In the directory of a user, wherever that is. */
const HOME: readonly string[] = [
  ...["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "authorized_keys", "config", "known_hosts"].map(
    (name) => `.ssh/${name}`,
  ),
  ...[".aws/credentials", ".aws/config", ".kube/config", ".docker/config.json", ".azure/*"],
  ...[".config/gcloud/*", ".gnupg/*", ".config/autostart/*", ".config/systemd/user/*"],
];
/** Names that are ordinary elsewhere. */
const HOME_FILES: readonly string[] = [
  ...[".netrc", ".pgpass", ".my.cnf", ".git-credentials", ".gitconfig", ".npmrc", ".pypirc"],
  ...[".bashrc", ".bash_profile", ".profile", ".zshrc", ".bash_history", ".vault-token"],
];

const PLACES: readonly string[] = [
  ...ETC.map((name) => `/etc/${name}`),
  ...[...HOME, ...HOME_FILES].flatMap((name) => [`/root/${name}`, `/home/*/${name}`]),
  ...["/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock"],
  ...["/run/dbus/system_bus_socket", "/run/secrets/*", "/var/run/secrets/*/*/*"],
  ...["/var/spool/cron/*", "/var/spool/cron/crontabs/*", "/boot/*"],
  ...["/dev/mem", "/dev/kmem", "/dev/sda", "/dev/nvme0n1", "/dev/kvm", "/proc/kcore"],
  ...["/proc/1/environ", "/proc/1/mem", "/proc/1/root", "/proc/1/fd/1", "/proc/1/maps"],
  ...["/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe"],
  ...["/sys/kernel/security/*", "/sys/fs/cgroup/*/release_agent"],
];

interface WellKnown {
  readonly shown: string;
  readonly parts: readonly string[];
}

const ABSOLUTE: readonly WellKnown[] = PLACES.map((shown) => ({
  shown,
  parts: shown.slice(1).split("/"),
}));
const ENDS: readonly WellKnown[] = HOME.map((shown) => ({ shown, parts: shown.split("/") }));

/**
 * A well-known name that a template stands for, beside others; undefined when there is none. A template of a directory stands for what is
 * below it, too, where the hole decides whose it is.
 */
export function wellKnownIn(template: Template): string | undefined {
  if (template.root === "@") return undefined;
  const inPlace =
    template.root === "/"
      ? ABSOLUTE.find(({ parts }) => covers(template.components, parts, template.below === true))
      : undefined;
  return (inPlace ?? ENDS.find((end) => endsWith(template, end.parts)))?.shown;
}

function covers(
  components: readonly Component[],
  parts: readonly string[],
  below: boolean,
): boolean {
  const fits = below ? components.length <= parts.length : components.length === parts.length;
  return fits && components.every((component, i) => meets(component, parts[i] ?? ""));
}

/** A directory of any name is not taken for one of these: where it lies is judged by itself. */
function isName([piece]: Component): boolean {
  return typeof piece === "object" && piece.type === "name";
}

/** A template of a directory may end anywhere in a well-known end, of whole names at its end only. */
function endsWith({ components, ...of }: Template, parts: readonly string[]): boolean {
  const below = of.below === true;
  for (let taken = below ? 1 : parts.length; taken <= parts.length; taken++) {
    const tail = components.slice(-taken);
    const open = tail.length === taken && (!below || tail.some(hasHole));
    const inEnd = (component: Component, i: number): boolean =>
      meets(component, parts[i] ?? "") && !(isName(component) && i < parts.length - 1);
    if (open && tail.every(inEnd)) return true;
  }
  return false;
}

function meets(component: Component, part: string): boolean {
  if (part === ANY) return component.length > 0;
  return matchesComponent(component, part, { at: 0, end: part.length }, ANYBODY);
}
