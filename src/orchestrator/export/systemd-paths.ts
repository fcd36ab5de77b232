// SPDX-License-Identifier: Apache-2.0
// The filesystem of a unit: read-only but for what the model changes, no programs but those of the model, no secrets.
import { isProgramUse } from "../../model/runtime/index.ts";
import { posix } from "node:path";
import { quote } from "../../base/quote.ts";
import { type Loss, stricter, weaker } from "./losses.ts";
import { CHANGING_RIGHTS, type PlaceRights } from "./rights.ts";
import { type Directive, pathWord, type UnitParts } from "./systemd-words.ts";
import { widenings } from "./landlock.ts";

const HOMES = ["/home", "/root", "/run/user"];
const TEMPORARY = ["/tmp", "/var/tmp"];
/** Left alone by ProtectSystem=strict. */
const KERNEL = ["/dev", "/proc", "/sys"];
/** Closed where the model has nothing below or above them. */
const CLOSED = [
  "/boot",
  "/etc/gshadow",
  "/etc/gshadow-",
  "/etc/shadow",
  "/etc/shadow-",
  "/etc/ssh",
  "/etc/ssl/private",
  "/etc/sudoers",
  "/etc/sudoers.d",
  "/lost+found",
  "/media",
  "/mnt",
  "/opt",
  "/srv",
  "/var/backups",
  "/var/lib/sss",
  "/var/mail",
  "/var/spool",
];
/** More mounts than this make a unit slow to start: directories then stand for programs. */
const MAX_EXEC_PATHS = 256;
/** Devices that PrivateDevices= leaves. */
const PLAIN_DEVICE =
  /^\/dev\/(?:null|zero|full|random|urandom|tty|ptmx|pts(?:\/.*)?|shm(?:\/.*)?|mqueue(?:\/.*)?|log)$/;
const PROT_EXEC = 4;

interface Part {
  readonly directives: readonly Directive[];
  readonly losses: readonly Loss[];
}

export function pathDirectives(parts: UnitParts): Part {
  const { rights } = parts;
  const touched = [...new Set([...rights.map(({ path }) => path), ...mapped(parts)])];
  const found = [writing(rights), homes(rights, touched), temporary(parts), programs(parts)];
  const closed = CLOSED.filter((path) => !touched.some((place) => related(path, place)));
  return {
    directives: [
      ...found.flatMap(({ directives }) => directives),
      ...kernelDirectives(rights, touched),
      ["InaccessiblePaths", closed.map((path) => `-${path}`).join(" ")],
    ],
    losses: [
      weaker(
        "everything may be read that the user of the unit may read, but for InaccessiblePaths and what the other directives hide",
      ),
      weaker(
        "where something may be changed, everything may be done to it: written, removed, replaced",
      ),
      ...widenings(rights.filter(({ rights: some }) => changes(some))),
      ...found.flatMap(({ losses }) => losses),
    ],
  };
}

function changes(rights: ReadonlySet<string>): boolean {
  return [...rights].some((right) => (CHANGING_RIGHTS as ReadonlySet<string>).has(right));
}

function below(path: string, directories: readonly string[]): boolean {
  return directories.some((directory) => path === directory || path.startsWith(`${directory}/`));
}

function related(one: string, other: string): boolean {
  return below(one, [other]) || below(other, [one]);
}

/** Words of a list directive; what can not be written is lost. */
function listed(name: string, paths: readonly string[]): Part {
  const unsayable = paths.filter((path) => pathWord(path) === undefined);
  const words = paths.flatMap((path) => {
    const word = pathWord(path);
    return word === undefined ? [] : [word.startsWith('"') ? `"-${word.slice(1)}` : `-${word}`];
  });
  return {
    directives: words.map((word) => [name, word]),
    losses: unsayable.map((path) => stricter(`a unit file can not name ${quote(path)}`)),
  };
}

function writing(rights: readonly PlaceRights[]): Part {
  const written = rights.filter(({ path, rights: some }) => changes(some) && !below(path, KERNEL));
  const { directives, losses } = listed(
    "ReadWritePaths",
    written.map(({ path }) => path),
  );
  return { directives: [["ProtectSystem", "strict"], ...directives], losses };
}

function homes(rights: readonly PlaceRights[], touched: readonly string[]): Part {
  if (!touched.some((path) => below(path, HOMES)))
    return { directives: [["ProtectHome", "yes"]], losses: [] };
  const written = rights.some(({ path, rights: some }) => changes(some) && below(path, HOMES));
  const text = `home directories can be read${written ? ", because the model works there" : ", because the model reads there"}`;
  return { directives: [["ProtectHome", "read-only"]], losses: [weaker(text)] };
}

/** A /tmp of its own is right when nothing there comes from outside of the workload. */
function temporary({ rights }: UnitParts): Part {
  const outside = rights.filter(
    ({ path, widened, rights: some }) =>
      below(path, TEMPORARY) && widened === undefined && !onlyNames(path, some),
  );
  if (outside.length === 0) return { directives: [["PrivateTmp", "yes"]], losses: [] };
  const [{ path } = { path: "/tmp" }] = outside;
  return {
    directives: [["#", "No PrivateTmp: the model uses what others have put there"]],
    losses: [weaker(`/tmp is shared, because the model uses ${quote(path)} there`)],
  };
}

/** Making and removing names directly in /tmp. */
function onlyNames(path: string, rights: ReadonlySet<string>): boolean {
  return TEMPORARY.includes(path) && !rights.has("read_dir");
}

function mapped({ behaviours }: UnitParts): string[] {
  return behaviours.flatMap(({ event }) => {
    const file =
      event.hook === "mmap_file" || event.hook === "file_mprotect" ? event.cell.file : undefined;
    return file?.path.pathname.startsWith("/") === true ? [file.path.pathname] : [];
  });
}

function programs(parts: UnitParts): Part {
  const run = parts.behaviours.flatMap(({ event }): string[] => {
    if (event.hook !== "file_open" || !isProgramUse(event.hook, event.cell.file.flags)) return [];
    return event.cell.file.path.owner === undefined ? [event.cell.file.path.pathname] : [];
  });
  const made = parts.rights.filter(
    ({ widened, rights }) => widened !== undefined && rights.has("execute"),
  );
  const exact = [...new Set([...run, ...code(parts)])].sort();
  const many = exact.length > MAX_EXEC_PATHS;
  const paths = many ? [...new Set(exact.map((path) => posix.dirname(path)))].sort() : exact;
  const { directives, losses } = listed("ExecPaths", [...paths, ...made.map(({ path }) => path)]);
  return {
    directives: [["NoExecPaths", "/"], ...directives],
    losses: [
      ...losses,
      ...(many ? [weaker("directories stand for the programs and libraries in them")] : []),
      ...(made.length === 0
        ? []
        : [weaker("whatever lies where the workload makes programs of its own may be run")]),
    ],
  };
}

/** Files of which code is mapped. */
function code({ behaviours }: UnitParts): string[] {
  return behaviours.flatMap(({ event }) => {
    if (event.hook !== "mmap_file" && event.hook !== "file_mprotect") return [];
    const { file, prot } = event.cell;
    const executable = file !== undefined && (prot & PROT_EXEC) !== 0;
    return executable && file.path.pathname.startsWith("/") && file.path.owner === undefined
      ? [file.path.pathname]
      : [];
  });
}

function kernelDirectives(
  rights: readonly PlaceRights[],
  touched: readonly string[],
): readonly Directive[] {
  const written = rights.flatMap(({ path, rights: some }) => (changes(some) ? [path] : []));
  const devices = touched.filter((path) => below(path, ["/dev"]) && path !== "/dev");
  const directives: Directive[] = [];
  if (devices.every((path) => PLAIN_DEVICE.test(path))) directives.push(["PrivateDevices", "yes"]);
  if (!written.some((path) => below(path, ["/proc/sys", "/sys", "/proc"])))
    directives.push(["ProtectKernelTunables", "yes"]);
  if (!written.some((path) => below(path, ["/sys/fs/cgroup"])))
    directives.push(["ProtectControlGroups", "yes"]);
  if (!touched.some((path) => path === "/dev/kmsg" || path === "/proc/kmsg"))
    directives.push(["ProtectKernelLogs", "yes"]);
  return directives;
}
