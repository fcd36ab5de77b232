// SPDX-License-Identifier: Apache-2.0
// galgo fleet join, leave, status: the membership of this host. The files are the daemon's, so this is for the user whose daemon it is.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join as joinPath } from "node:path";
import { quote } from "../../../base/quote.ts";
import {
  ClientError,
  DaemonClient,
  ownDirectory,
  socketsIn,
} from "../../../daemon/client/index.ts";
import {
  enrol,
  FleetError,
  fleetFolder,
  type FleetStatus,
  type Membership,
  MembershipFiles,
  NOT_JOINED,
} from "../../../daemon/fleet/index.ts";
import { stateRoot } from "../../../orchestrator/inspect/index.ts";
import { EXIT_DIFFERENT } from "../../exit-status.ts";
import { outJson, outLine, plural, say, table } from "../../render.ts";
import { startDaemonAside } from "./daemon-aside.ts";

interface JoinOptions {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly name?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly group?: string;
  readonly json?: boolean;
}

/** Folder of what the daemon keeps, in the state directory. */
const KEPT = ".daemon";
const TOKEN_VARIABLE = "GALGO_FLEET_TOKEN";

/** This host as its own user sees it. */
function ownHost(): { kept: string; files: MembershipFiles; client: DaemonClient | undefined } {
  const uid = process.getuid?.() ?? -1;
  const kept = joinPath(stateRoot(process.env, uid), KEPT);
  const directory = ownDirectory(process.env, uid);
  const client = directory === undefined ? undefined : new DaemonClient(socketsIn(directory).api);
  return { kept, files: new MembershipFiles(fleetFolder(kept)), client };
}

export async function join(url: string, options: JoinOptions): Promise<void> {
  const { kept, files, client } = ownHost();
  const before = files.read();
  if (before !== undefined)
    throw new FleetError(
      "JOINED",
      `this host is in the fleet at ${quote(before.url)} already, as ${before.host}: galgo fleet leave first`,
    );
  const { name = hostname(), label, group } = options;
  const token = tokenOf(options);
  const isRunning = await isThere(requiredClient(client));
  files.prepare();
  const { membership, ...secrets } = await enrol({
    url,
    token,
    name,
    ...(label === undefined ? {} : { labels: label }),
    ...(group === undefined ? {} : { group }),
  }).catch((error: unknown) => {
    files.remove();
    throw error;
  });
  files.write(membership, secrets);
  const { host } = membership;
  const daemon = isRunning ? await told(requiredClient(client), host) : await started(client, kept);
  if (options.json === true) outJson({ ...membership, daemon });
  else outLine(`${quote(name)} is in the fleet ${quote(membership.fleet)} as ${host}`);
}

/** @throws ClientError NO_DAEMON: there is no place where its daemon could be */
function requiredClient(client: DaemonClient | undefined): DaemonClient {
  if (client !== undefined) return client;
  throw new ClientError(
    "NO_DAEMON",
    "this user can have no daemon: neither GALGO_RUN_DIR nor XDG_RUNTIME_DIR names a directory for its sockets; for the system's daemon run this as root",
  );
}

/** Has the daemon notice that the host has joined. @throws FleetError NOT_NOTICED */
async function told(client: DaemonClient, host: string): Promise<"told"> {
  const fault = await faultOfReload(client);
  const { host: noticed, spool, error } = await client.fleet();
  const isMember = noticed === host && spool !== undefined;
  if (isMember && fault !== undefined) say(`the daemon: ${fault}`);
  if (isMember) return "told";
  const why = fault ?? error ?? "it keeps its files in another GALGO_STATE_DIR";
  throw new FleetError(
    "NOT_NOTICED",
    `this host has joined as ${host}, but its daemon does not act on it (${why}): mend that and restart the daemon, or galgo fleet leave --force`,
  );
}

async function faultOfReload(client: DaemonClient): Promise<string | undefined> {
  try {
    await client.reload();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Starts a daemon where none runs. */
async function started(client: DaemonClient | undefined, kept: string): Promise<"started"> {
  const { log } = await startDaemonAside(client, kept);
  say(
    `no daemon ran: one was started in the background, and says what it has to say in ${quote(log)}; a service manager is the better place for it (docs/daemon.md)`,
  );
  return "started";
}

async function isThere(client: DaemonClient): Promise<boolean> {
  try {
    await client.version();
    return true;
  } catch (error) {
    if (error instanceof ClientError && error.code === "NO_DAEMON") return false;
    throw error;
  }
}

/** @throws FleetError BAD_TOKEN */
function tokenOf({ token, tokenFile }: JoinOptions): string {
  if (token !== undefined) return token;
  if (tokenFile !== undefined) {
    try {
      return readFileSync(tokenFile === "-" ? 0 : tokenFile, "utf8");
    } catch (cause) {
      const { code = String(cause) } = cause as NodeJS.ErrnoException;
      const message = `can not read the token in ${quote(tokenFile)} (${code})`;
      throw new FleetError("BAD_TOKEN", message, { cause });
    }
  }
  const given = process.env[TOKEN_VARIABLE] ?? "";
  if (given !== "") return given;
  throw new FleetError(
    "BAD_TOKEN",
    `an enrolment token is needed: --token-file FILE, --token TEXT or ${TOKEN_VARIABLE}; the fleet gives one out (galgo fleet token)`,
  );
}

interface LeaveOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function leave({ force = false, json }: LeaveOptions): Promise<void> {
  const { files, client } = ownHost();
  const joined = membershipOf(files, force);
  const daemon = client !== undefined && (await isThere(client)) ? client : undefined;
  if (!force && joined !== undefined) await requireTold(daemon, files);
  files.forget();
  if (daemon !== undefined) await letGo(daemon, files);
  files.remove();
  if (json === true) outJson({ left: true, ...(joined && { host: joined.host }) });
  else
    outLine(
      `this host has left${joined === undefined ? "" : ` the fleet ${quote(joined.fleet)}`}; an administrator of the fleet ends its rights there (galgo fleet host revoke)`,
    );
}

/** With force it may be one that can not be read; undefined too where somebody was killed while he left. @throws FleetError NOT_JOINED, BAD_MEMBERSHIP */
function membershipOf(files: MembershipFiles, force: boolean): Membership | undefined {
  try {
    const joined = files.read();
    if (joined !== undefined || force || files.isBeingLeft) return joined;
  } catch (error) {
    if (force) return undefined;
    throw error;
  }
  throw new FleetError("NOT_JOINED", "this host is in no fleet");
}

/** The daemon must not go on with files that are removed under it. @throws FleetError NOT_LEFT */
async function letGo(daemon: DaemonClient, files: MembershipFiles): Promise<void> {
  const fault = await faultOfReload(daemon);
  const { joined } = await daemon.fleet().catch(() => ({ joined: fault !== undefined }));
  if (!joined) return;
  files.recall();
  throw new FleetError(
    "NOT_LEFT",
    `the daemon goes on in the fleet (${fault ?? "it keeps its files in another GALGO_STATE_DIR"}): mend that, or stop it, and leave again; nothing was removed`,
  );
}

/** @throws FleetError NOT_TOLD */
async function requireTold(
  daemon: DaemonClient | undefined,
  files: MembershipFiles,
): Promise<void> {
  const spool = (await daemon?.fleet())?.spool;
  const waiting = spool?.parcels ?? files.waiting();
  if (waiting === 0) return;
  const how =
    daemon === undefined
      ? "no daemon runs that could send it: galgo daemon starts one"
      : "wait until galgo fleet status shows none";
  throw new FleetError(
    "NOT_TOLD",
    `${plural(waiting, "parcel")} of this host ${waiting === 1 ? "is" : "are"} not known to be in the fleet's database: ${how}, or leave with --force`,
  );
}

export async function status({ json }: { readonly json?: boolean }): Promise<void> {
  const { files, client } = ownHost();
  const known = await statusOf(files, client);
  if (json === true) outJson(known);
  else outLine(table(rowsOf(known)));
  if (!known.connected) process.exitCode = EXIT_DIFFERENT;
}

async function statusOf(
  files: MembershipFiles,
  client: DaemonClient | undefined,
): Promise<FleetStatus> {
  if (client !== undefined && (await isThere(client))) return client.fleet();
  const joined = files.read();
  if (joined === undefined) return NOT_JOINED;
  const { url, fleet, host, name, labels, group, joined: since } = joined;
  return {
    ...{ joined: true, connected: false, url, fleet, host, name, labels, since },
    ...(group === undefined ? {} : { group }),
    error: "no daemon runs: galgo daemon starts one",
  };
}

function rowsOf(known: FleetStatus): string[][] {
  const { joined, connected, url, fleet = "", host = "", name = "", error } = known;
  if (!joined) return [["joined", "no"]];
  const why = error === undefined ? "" : ` (${quote(error)})`;
  const rows = [["connected", connected ? "yes" : `no${why}`]];
  // what it has joined can not be read
  if (url === undefined) return rows;
  return [
    ...rows,
    ["fleet", `${quote(fleet)} at ${quote(url)}`],
    ["host", `${host} ${quote(name)}`],
    ...kindRows(known),
    ...spoolRows(known),
  ];
}

function kindRows({ group, labels = {} }: FleetStatus): string[][] {
  const shown = Object.entries(labels).map(([key, value]) => quote(`${key}=${value}`));
  return [
    ...(group === undefined ? [] : [["group", quote(group)]]),
    ...(shown.length === 0 ? [] : [["labels", shown.join(", ")]]),
  ];
}

function spoolRows({ spool }: FleetStatus): string[][] {
  if (spool === undefined) return [];
  const dropped = Object.entries(spool.dropped).map(([kind, count]) => `${count} ${kind}`);
  return [
    ["waiting", `${plural(spool.parcels, "parcel")}, ${spool.bytes} bytes`],
    ...(dropped.length === 0 ? [] : [["lost", `${dropped.join(", ")} (the spool was full)`]]),
  ];
}
