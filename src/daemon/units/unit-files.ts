// SPDX-License-Identifier: Apache-2.0
// Reads a unit as systemd does (systemd.unit(5), systemd.syntax(7)): the first file of its name in the load path, then drop-ins in the order
// of their names. Nothing is asked of a running systemd, so that a unit can be prepared for another machine.
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { quote } from "../../base/quote.ts";
import { UnitError } from "./errors.ts";

/** The first one that has a file wins. */
export const LOAD_PATH: readonly string[] = [
  "/etc/systemd/system.control",
  "/run/systemd/system.control",
  "/run/systemd/transient",
  "/run/systemd/generator.early",
  "/etc/systemd/system",
  "/run/systemd/system",
  "/run/systemd/generator",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
  "/run/systemd/generator.late",
];
/** First words of our own drop-ins: those are not what the unit is without us. */
export const OWN_HEADER = "# Made by galgo systemd-unit";
const SUFFIX = ".service";
const MAX_UNIT_BYTES = 1024 * 1024;

/** One assignment. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly file: string;
  readonly line: number;
}

export interface UnitFiles {
  /** Of the unit itself, where the given one was another name for it: "ssh.service". */
  readonly name: string;
  /** The unit file, then its drop-ins. */
  readonly files: readonly string[];
  readonly settings: readonly Setting[];
  /** Socket unit of the same name, which would start it and hand over descriptors. */
  readonly socket?: string;
}

/**
 * @param unit a name ("nginx", "nginx.service", "getty@tty1") or a path to a unit file, then without drop-ins
 * @throws UnitError NO_UNIT, BAD_UNIT
 */
export function readUnit(unit: string, loadPath: readonly string[] = LOAD_PATH): UnitFiles {
  if (unit.includes("/")) {
    const name = checkedName(basename(unit));
    return { name, files: [unit], settings: readSettings(unit) };
  }
  const wanted = checkedName(unit.includes(".service") ? unit : `${unit}${SUFFIX}`);
  const file = findFile(wanted, loadPath);
  if (file === undefined) {
    const folders = loadPath.filter((folder) => existsSync(folder)).join(", ");
    throw new UnitError("NO_UNIT", `there is no unit ${quote(wanted)} in ${folders}`);
  }
  const real = realpathSync(file);
  if (real === "/dev/null")
    throw new UnitError("NO_UNIT", `the unit ${quote(wanted)} is masked (${quote(file)})`);
  const name = realName(wanted, basename(real));
  const files = [file, ...dropIns(name, loadPath)];
  const socket = name.replace(/\.service$/, ".socket");
  const hasSocket = loadPath.some((folder) => existsSync(join(folder, socket)));
  return {
    name,
    files,
    settings: files.flatMap(readSettings),
    ...(hasSocket ? { socket } : {}),
  };
}

function checkedName(name: string): string {
  if (/^[A-Za-z0-9:_.\\@-]+\.service$/.test(name)) return name;
  throw new UnitError("NO_UNIT", `${quote(name)} is not the name of a service: NAME.service`);
}

/** "foo@bar.service" -> "foo@.service" */
function templateOf(name: string): string | undefined {
  const at = name.indexOf("@");
  return at < 0 || name.startsWith("@.", at) ? undefined : `${name.slice(0, at + 1)}${SUFFIX}`;
}

function findFile(name: string, loadPath: readonly string[]): string | undefined {
  const template = templateOf(name);
  const names = template === undefined ? [name] : [name, template];
  return names
    .flatMap((wanted) => loadPath.map((folder) => join(folder, wanted)))
    .find((file) => existsSync(file));
}

/** A link is another name; of an instance's template it is none. */
function realName(wanted: string, file: string): string {
  return file.endsWith(SUFFIX) && templateOf(wanted) === undefined ? file : wanted;
}

/** "a-b-c.service": "a-.service" and "a-b-.service", which are for all units that begin so. */
function prefixesOf(name: string): string[] {
  if (name.includes("@")) return [];
  const base = name.slice(0, -SUFFIX.length);
  return [...base.matchAll(/-(?=.)/g)].map(({ index }) => `${base.slice(0, index + 1)}${SUFFIX}`);
}

/** Folders of drop-ins: of all services, of the beginnings of its name, of the template, of the unit itself. The same file name in an earlier folder of the path wins. */
function dropIns(name: string, loadPath: readonly string[]): string[] {
  const template = templateOf(name);
  const found = new Map<string, string>();
  const templates = template === undefined ? [] : [template];
  for (const owner of ["service", ...prefixesOf(name), ...templates, name])
    for (const folder of [...loadPath].reverse())
      for (const file of confFiles(join(folder, `${owner}.d`))) found.set(basename(file), file);
  return [...found.keys()]
    .sort()
    .flatMap((key) => found.get(key) ?? [])
    .filter((file) => realpathSync(file) !== "/dev/null" && !isOwn(file));
}

function confFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((entry) => entry.endsWith(".conf"))
    .map((entry) => join(folder, entry));
}

function isOwn(file: string): boolean {
  return readText(file).startsWith(OWN_HEADER);
}

function readText(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const { code = "EIO" } = cause as NodeJS.ErrnoException;
    throw new UnitError(
      code === "ENOENT" ? "NO_UNIT" : "BAD_UNIT",
      `can not read the unit file ${quote(file)} (${code})`,
      { cause },
    );
  }
  if (text.length <= MAX_UNIT_BYTES) return text;
  throw new UnitError(
    "BAD_UNIT",
    `${quote(file)} is longer than ${MAX_UNIT_BYTES} bytes: no unit file`,
  );
}

function readSettings(file: string): Setting[] {
  const settings: Setting[] = [];
  let section = "";
  for (const { text, line } of logicalLines(readText(file))) {
    const header = /^\[(.+)\]$/.exec(text);
    if (header !== null) {
      section = header[1] ?? "";
      continue;
    }
    const equals = text.indexOf("=");
    if (equals <= 0)
      throw new UnitError(
        "BAD_UNIT",
        `${quote(file)}: line ${line} is neither a section nor KEY=VALUE`,
      );
    const key = text.slice(0, equals).trim();
    settings.push({ section, key, value: text.slice(equals + 1).trim(), file, line });
  }
  return settings;
}

interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

/** Lines without comments; one that ends in a backslash goes on with the next line that is no comment. */
function logicalLines(text: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let open: LogicalLine | undefined;
  for (const [at, raw] of text.split("\n").entries()) {
    const part = raw.trim();
    if (/^[#;]/.test(part)) continue;
    const begun: LogicalLine =
      open === undefined ? { text: part, line: at + 1 } : { ...open, text: `${open.text} ${part}` };
    if (part.endsWith("\\")) {
      open = { ...begun, text: begun.text.slice(0, -1).trimEnd() };
      continue;
    }
    lines.push(begun);
    open = undefined;
  }
  if (open !== undefined) lines.push(open);
  return lines.filter((line) => line.text !== "");
}

/** The settings of one section, with systemd's rules of what wins. */
export class Section {
  readonly #settings: readonly Setting[];

  constructor(files: UnitFiles, section: string) {
    this.#settings = files.settings.filter((setting) => setting.section === section);
  }

  /** The last value; undefined when it is not set or set to nothing. */
  last(key: string): string | undefined {
    const value = this.#settings.filter((setting) => setting.key === key).at(-1)?.value;
    return value === "" ? undefined : value;
  }

  /** All values since the last empty one. */
  all(key: string): string[] {
    const values: string[] = [];
    for (const setting of this.#settings) {
      if (setting.key !== key) continue;
      if (setting.value === "") values.length = 0;
      else values.push(setting.value);
    }
    return values;
  }

  isTrue(key: string): boolean {
    return /^(?:1|yes|y|true|t|on)$/i.test(this.last(key) ?? "");
  }
}
