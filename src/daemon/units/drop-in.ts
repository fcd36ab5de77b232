// SPDX-License-Identifier: Apache-2.0
// A drop-in that lets a service run under a model: galgo run before its ExecStart=, and what follows from Galgo being the main process then.
import { basename, dirname } from "node:path";
import { quote } from "../../base/quote.ts";
import { UnitError } from "./errors.ts";
import { execFault, execWord, parseExecLine, wrapped } from "./exec-line.ts";
import { OWN_HEADER, Section } from "./unit-files.ts";
import type { UnitFiles } from "./unit-files.ts";
import { stopsGalgo } from "./obstacles.ts";
import type { Obstacle } from "./obstacles.ts";

export type UnitMode = "enforce" | "detect" | "learn";

/** Public keys, or a trust policy. */
export interface UnitSignature {
  readonly keys?: readonly string[];
  readonly policy?: string;
}

export interface DropInRequest {
  /** The words that start Galgo: a path, and what has to come before its subcommand. */
  readonly galgo: readonly string[];
  readonly mode: UnitMode;
  /** Absolute path of the model; with `learn` where it will be written. */
  readonly model: string;
  readonly onViolation?: string;
  /** Files that say whose signature the model has to carry; absolute paths. */
  readonly signature?: UnitSignature;
  /** Instead of the unit's own command: one that stays in the foreground. Needed for Type=forking. */
  readonly foreground?: string;
  /** Take settings of the unit back that Galgo itself could not run under. */
  readonly relax: boolean;
}

export interface DropIn {
  /** The unit it is for: "nginx.service". */
  readonly unit: string;
  /** Where it belongs. */
  readonly path: string;
  readonly text: string;
  /** What is different from before, for people. */
  readonly notes: readonly string[];
}

type Line = readonly [key: string, value: string];

interface Part {
  readonly lines: readonly Line[];
  readonly notes?: readonly string[];
  readonly faults?: readonly string[];
}

/** @throws UnitError NOT_WRAPPABLE with every reason */
export function makeDropIn(unit: UnitFiles, request: DropInRequest): DropIn {
  const service = new Section(unit, "Service");
  const parts = [
    typePart(service, request),
    killPart(service),
    statePart(service, unit, request),
    socketPart(unit),
    obstaclePart(service, request),
    commandPart(service, unit, request),
    aroundPart(service),
  ];
  const faults = parts.flatMap((part) => part.faults ?? []);
  if (faults.length > 0)
    throw new UnitError(
      "NOT_WRAPPABLE",
      `${unit.name} can not run under Galgo: ${faults.join("; ")}`,
      {
        facts: { reasons: faults },
      },
    );
  const notes = parts.flatMap((part) => part.notes ?? []);
  const path = `/etc/systemd/system/${unit.name}.d/galgo-run.conf`;
  const text = [
    `${OWN_HEADER}: ${WORDS_OF_MODE[request.mode]}.`,
    `# Put it at ${path}, then: systemctl daemon-reload && systemctl restart ${unit.name}`,
    ...notes.map((note) => `# - ${note}`),
    "",
    "[Service]",
    ...parts.flatMap((part) => part.lines).map(([key, value]) => `${key}=${value}`),
    "",
  ].join("\n");
  return { unit: unit.name, path, text, notes };
}

const WORDS_OF_MODE: Readonly<Record<UnitMode, string>> = {
  enforce: "the service does what its model allows and nothing else",
  detect: "what the service does outside of its model is recorded, nothing is refused",
  learn: "the service is watched; its model is written when it is stopped",
};

// --- how systemd knows that it runs -----------------------------------------------------------------------------------

function typePart(service: Section, { foreground }: DropInRequest): Part {
  const type = service.last("Type") ?? (service.last("BusName") === undefined ? "simple" : "dbus");
  const watched = watchdogPart(service);
  switch (type) {
    case "simple":
    case "exec":
    case "idle":
    case "oneshot":
    case "dbus":
      return watched;
    case "notify":
    case "notify-reload":
      return {
        ...watched,
        lines: [["NotifyAccess", "all"], ...watched.lines],
        notes: ["the service says that it is ready from below Galgo: NotifyAccess=all"],
      };
    case "forking":
      return foreground === undefined ? { lines: [], faults: [FORKING] } : fromForking(watched);
    default:
      return { lines: [], faults: [`Type=${quote(type)} is not known`] };
  }
}

const FORKING =
  "Type=forking: it leaves its first process, so nobody would be there to pass signals on to; give its foreground command with --foreground";

function fromForking(watched: Part): Part {
  return {
    ...watched,
    lines: [["Type", "exec"], ["PIDFile", ""], ...watched.lines],
    notes: [
      "Type=forking became exec: systemd counts it as started when its program runs, not when it says so",
    ],
  };
}

/** sd_watchdog_enabled(3) compares WATCHDOG_PID with the own pid; without it the service may be any process. */
function watchdogPart(service: Section): Part {
  if (service.last("WatchdogSec") === undefined) return { lines: [] };
  return {
    lines: [
      ["NotifyAccess", "all"],
      ["UnsetEnvironment", "WATCHDOG_PID"],
    ],
  };
}

// --- how it ends ------------------------------------------------------------------------------------------------------

/** Signals that galgo run passes on. */
const PASSED = new Set(["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"]);

function killPart(service: Section): Part {
  const faults = ["KillSignal", "RestartKillSignal", "ReloadSignal"].flatMap((key) => {
    const value = service.last(key);
    if (value === undefined || PASSED.has(value.startsWith("SIG") ? value : `SIG${value}`))
      return [];
    return [`${key}=${quote(value)} is a signal that galgo run does not pass on`];
  });
  const mode = service.last("KillMode") ?? "control-group";
  const outlives = mode === "process" || mode === "none";
  return {
    // Galgo passes SIGTERM on; with control-group the service would get it twice
    lines: [
      ["KillMode", "mixed"],
      ["Delegate", "yes"],
    ],
    faults,
    notes: outlives
      ? [`KillMode=${mode}: processes that outlived the service so far end with it now`]
      : [],
  };
}

// --- where its records are --------------------------------------------------------------------------------------------

/** Settings of folders that systemd makes for the service, and the variable that it sets for each. */
const FOLDERS = [
  ["StateDirectory", "/var/lib", "STATE_DIRECTORY"],
  ["LogsDirectory", "/var/log", "LOGS_DIRECTORY"],
  ["CacheDirectory", "/var/cache", "CACHE_DIRECTORY"],
] as const;

/** Root's own folder will do, unless the service is somebody else or may not write there. */
function statePart(service: Section, { name }: UnitFiles, request: DropInRequest): Part {
  const user = service.last("User");
  const isRoot =
    (user === undefined || user === "root" || user === "0") && !service.isTrue("DynamicUser");
  const mayWrite =
    service.last("ProtectSystem") !== "strict" && service.all("ReadOnlyPaths").length === 0;
  if (isRoot && mayWrite) return modelPart(service, request);
  const free = FOLDERS.find(([setting]) => service.all(setting).length === 0);
  if (free === undefined)
    return {
      lines: [],
      faults: [
        "no folder is left for Galgo's records: StateDirectory=, LogsDirectory= and CacheDirectory= are all in use",
      ],
    };
  const [setting, parent, variable] = free;
  const folder = `galgo-units/${name.slice(0, -".service".length)}`;
  const path = `${parent}/${folder}`;
  const isWritable = request.mode !== "learn" || request.model.startsWith(`${path}/`);
  return {
    faults: isWritable
      ? []
      : [
          `its user can not write the model ${quote(request.model)}: -m ${path}/${basename(request.model)}`,
        ],
    lines: [
      [setting, execWord(folder)],
      [`${setting}Mode`, "0700"],
      ["UnsetEnvironment", variable],
      ["Environment", execWord(`GALGO_STATE_DIR=${path}`)],
    ],
    notes: [`its records are in ${path}: GALGO_STATE_DIR=${path} galgo why ${workloadName(name)}`],
  };
}

/** What ProtectSystem= makes read-only, besides "strict" (systemd.exec(5)). */
const SYSTEM_FOLDERS = ["/usr/", "/boot/", "/efi/"];

/** The model of a service that is watched is written from within it. */
function modelPart(service: Section, { mode, model }: DropInRequest): Part {
  const isFull = service.last("ProtectSystem") === "full";
  const folders = [
    ...(isFull || service.isTrue("ProtectSystem") ? SYSTEM_FOLDERS : []),
    ...(isFull ? ["/etc/"] : []),
  ];
  if (mode !== "learn" || !folders.some((folder) => model.startsWith(folder))) return { lines: [] };
  return {
    lines: [["ReadWritePaths", execWord(dirname(model))]],
    notes: [
      `the folder of the model can be written while it is learned, in spite of ProtectSystem=`,
    ],
  };
}

/** Name of the workload: that of the unit, in characters that a name may have. */
export function workloadName(unit: string): string {
  return unit.slice(0, -".service".length).replace(/[^A-Za-z0-9._-]/g, "_");
}

// --- what else stands in the way --------------------------------------------------------------------------------------

/** A socket unit of the same name belongs to the service even when nothing says so; many are there and not used. */
function socketPart(unit: UnitFiles): Part {
  const { socket } = unit;
  if (socket === undefined) return { lines: [] };
  const why = `${socket} hands over open descriptors, which galgo run does not pass on`;
  const [about, install] = [new Section(unit, "Unit"), new Section(unit, "Install")];
  const named = [
    ...["Requires", "BindsTo", "Wants"].flatMap((key) => about.all(key)),
    ...install.all("Also"),
  ];
  const isUsed = named.some((value) => value.split(/\s+/).includes(socket));
  return isUsed ? { lines: [], faults: [why] } : { lines: [], notes: [`keep it disabled: ${why}`] };
}

function obstaclePart(service: Section, request: DropInRequest): Part {
  const { relax, galgo, model } = request;
  const found = stopsGalgo(service, [...galgo, model, ...signatureFiles(request)]);
  const isIn = ({ reset }: Obstacle): boolean => relax && reset !== undefined;
  return {
    lines: found.filter(isIn).flatMap(({ reset }) => reset ?? []),
    notes: found
      .filter(isIn)
      .map(({ setting }) => `${setting} is taken back: Galgo itself runs in this unit too`),
    faults: found
      .filter((obstacle) => !isIn(obstacle))
      .map(({ why, reset }) => (reset === undefined ? why : `${why} (--relax takes it back)`)),
  };
}

// --- the command ------------------------------------------------------------------------------------------------------

function commandPart(service: Section, unit: UnitFiles, request: DropInRequest): Part {
  const written =
    request.foreground === undefined ? service.all("ExecStart") : [request.foreground];
  if (written.length === 0) return { lines: [], faults: ["it has no ExecStart="] };
  const commands = written.map(parseExecLine);
  const faults = commands.flatMap((command, at) => {
    const fault = execFault(command);
    return fault === undefined ? [] : [`ExecStart=${quote(written[at] ?? "")}: ${fault}`];
  });
  const own = [...request.galgo, request.model, ...signatureFiles(request)];
  const broken = [...own, ...written].filter((text) => LINE_BREAK.test(text));
  faults.push(...broken.map((text) => `${quote(text)} can not be written into a unit file`));
  const words = [...request.galgo, ...galgoWords(unit, request), "--"];
  const lines = commands.map((command): Line => ["ExecStart", wrapped(command, words)]);
  return { lines: [["ExecStart", ""], ...lines], faults };
}

/** A line break would end the setting. */
const LINE_BREAK = /[\n\r]/;

function galgoWords({ name }: UnitFiles, request: DropInRequest): string[] {
  const { mode, model, onViolation } = request;
  const common = ["--name", workloadName(name), "--service", "--on-exit", "kill"];
  if (mode === "learn") return ["learn", "-o", model, ...common];
  const policy = onViolation === undefined ? [] : ["--on-violation", onViolation];
  return ["run", "-m", model, `--${mode}`, ...policy, ...signatureWords(request), ...common];
}

function signatureWords({ signature }: DropInRequest): string[] {
  if (signature === undefined) return [];
  const { keys = [], policy } = signature;
  return [
    "--require-signature",
    ...keys.flatMap((key) => ["--key", key]),
    ...(policy === undefined ? [] : ["--policy", policy]),
  ];
}

function signatureFiles({ signature: { keys = [], policy } = {} }: DropInRequest): string[] {
  return [...keys, ...(policy === undefined ? [] : [policy])];
}

/** What runs beside the main command stays as it is. */
function aroundPart(service: Section): Part {
  const around = [
    "ExecCondition",
    "ExecStartPre",
    "ExecStartPost",
    "ExecReload",
    "ExecStop",
    "ExecStopPost",
  ];
  const programs = around.flatMap((key) =>
    service.all(key).map((line) => `${key}= (${programOf(line)})`),
  );
  return {
    lines: [],
    notes: programs.length === 0 ? [] : [`not under the model: ${programs.join(", ")}`],
  };
}

/** For people. */
function programOf(line: string): string {
  const name = basename(parseExecLine(line).rest.split(/\s/)[0] ?? "");
  return /^[\w.+-]+$/.test(name) ? name : quote(name);
}
