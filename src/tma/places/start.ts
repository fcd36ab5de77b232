// SPDX-License-Identifier: Apache-2.0
// Starts an agent in its place, begins a session with it, and ends it.
import { createHash, randomBytes } from "node:crypto";
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { fileInMemory, openSerial, streamPair } from "../../native/agent-io.ffi.ts";
import { waitChild, type WaitResult } from "../../native/process.ffi.ts";
import { closeFd, spawnFromThread } from "../../native/tsem.ffi.ts";
import { AgentError } from "../agent-errors.ts";
import { createLinkAgent } from "../link-agent.ts";
import type { LinkTransport } from "../link/link-client.ts";
import type { ModelAgent } from "../model-agent.ts";
import { DIGEST_BYTES, NONCE_BYTES } from "../protocol.ts";
import { createSanchoAgent } from "../sancho/sancho-agent.ts";
import { createWasmAgent } from "../wasm-agent.ts";
import { descriptorTransport } from "./descriptor-transport.ts";
import { readAgentKey } from "./key-file.ts";
import { IMAGE, LINK, type Child, type Place, type Start } from "./place.ts";

/** Where a child has the link, and the copy of its image. */
const LINK_FD = 3;
const IMAGE_FD = 4;

/**
 * An agent with an empty model. The calling thread owns it: a child of it dies with the thread at the latest.
 * @throws AgentError NOT_STARTED when there is nothing to start, GONE or LATE when it does not answer
 */
export function startAgent(place: Place): ModelAgent {
  const { start, times } = place;
  if (start.way === "load") return createWasmAgent(imageOf(place, start.file), start.file);
  if (start.way === "sancho") return startSancho(place, start);
  if (start.way === "fleet") throw noAgent(place);
  const { transport, name, key, endedBy } = reach(place, start);
  const provision = key === undefined;
  const now = (): number => performance.now();
  try {
    return createLinkAgent({
      transport,
      // the link to a child is a socket of ours and its alone: whoever reads it has one of the two in hand
      key: key ?? randomBytes(DIGEST_BYTES),
      nonce: randomBytes(NONCE_BYTES),
      provision,
      times,
      now,
      name,
    });
  } catch (error) {
    transport.close();
    const why = endedBy?.();
    if (why === undefined) throw error;
    throw new AgentError("NOT_STARTED", `--tma ${place.text}: ${why}`, { cause: error });
  }
}

/** The link to an agent that is not in our memory, before anything was said. @throws AgentError NOT_STARTED */
export function startTransport(place: Place): LinkTransport {
  const { start, text } = place;
  const linked = start.way === "spawn" || start.way === "open";
  if (linked) return reach(place, start).transport;
  throw new AgentError("BAD_OPTION", `--tma ${text}: there is no link to it`);
}

/** A fleet keeps no model of the workload: it is asked about what is outside of the one that is here. */
function noAgent({ text }: Place): AgentError {
  return new AgentError("BAD_OPTION", `--tma ${text}: there is no agent that can be started alone`);
}

function startSancho(
  { times }: Place,
  { device, events, settleMs }: Start & { way: "sancho" },
): ModelAgent {
  const name = `the device behind ${device}`;
  const { deadlineMs, longDeadlineMs } = times;
  const transport = descriptorTransport(openPort(device, true), name);
  const options = {
    transport,
    name,
    times: { settleMs, deadlineMs, longDeadlineMs },
    now: () => performance.now(),
  };
  try {
    return createSanchoAgent(options, events);
  } catch (error) {
    transport.close();
    throw error;
  }
}

function openPort(device: string, handshake: boolean): number {
  try {
    return openSerial(device, handshake);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AgentError("NOT_STARTED", `${device}: no serial port: ${why}`, { cause });
  }
}

interface Reached {
  readonly name: string;
  readonly transport: LinkTransport;
  /** Provisioned; undefined: nobody has given it a key yet. */
  readonly key?: Uint8Array;
  /** When it is closed: why the child had ended by itself; undefined: it had not. */
  readonly endedBy?: () => string | undefined;
}

function reach(place: Place, start: Exclude<Start, { way: "load" | "sancho" | "fleet" }>): Reached {
  if (start.way === "spawn") return spawnAgent(place, start);
  const name = `the agent behind ${start.device}`;
  const key = readAgentKey(start.keyFile);
  return { name, key, transport: descriptorTransport(openPort(start.device, false), name) };
}

function spawnAgent(place: Place, child: Child): Reached {
  const image = imageOf(place, child.image);
  const held: number[] = [];
  let ours: number | undefined;
  let pid: number;
  try {
    const copy = fileInMemory("galgo-tma", image);
    held.push(copy);
    const [near, link] = streamPair();
    ours = near;
    held.push(link);
    pid = spawned(child, { link, copy });
  } catch (cause) {
    if (ours !== undefined) closeFd(ours);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AgentError("NOT_STARTED", `${place.text}: the agent could not be started: ${why}`, {
      cause,
    });
  } finally {
    held.forEach(closeFd);
  }
  const name = `the agent in ${place.kind === "process" ? "process" : "the machine of process"} ${pid}`;
  return { name, ...ended(descriptorTransport(ours, name), pid) };
}

/** The image, when it is still what it was when the place was made ready. */
function imageOf({ codeDigest, text }: Place, image: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(image);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AgentError("NOT_STARTED", `${text}: ${why}`, { cause });
  }
  if (createHash("sha256").update(bytes).digest("hex") === codeDigest) return bytes;
  throw new AgentError("NOT_STARTED", `${image}: it has changed since it was looked at`);
}

function spawned(child: Child, { link, copy }: { link: number; copy: number }): number {
  const { program, holder, uid } = child;
  const inChild = `/proc/self/fd/${IMAGE_FD}`;
  const args = child.args.map((arg) =>
    arg.replaceAll(IMAGE, inChild).replaceAll(LINK, String(LINK_FD)),
  );
  const held = [program ?? inChild, ...args];
  const user = uid === undefined ? "-" : String(uid);
  const argv =
    holder === undefined
      ? ["galgo-tma", ...args]
      : ["galgo-hold", String(process.pid), user, ...held];
  const nothing = openNothing();
  try {
    return spawnFromThread({
      path: holder ?? inChild,
      argv,
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/",
      fds: [nothing, nothing, nothing, link, copy],
    });
  } finally {
    closeSync(nothing);
  }
}

function openNothing(): number {
  return openSync("/dev/null", constants.O_RDWR);
}

/** The transport, which takes the child with it when it is closed. */
function ended(
  transport: LinkTransport,
  pid: number,
): Required<Pick<Reached, "transport" | "endedBy">> {
  let closed = false;
  let status: WaitResult = "none";
  const held: LinkTransport = {
    write: (bytes) => transport.write(bytes),
    read: (waitMs) => transport.read(waitMs),
    close: () => {
      if (closed) return;
      closed = true;
      transport.close();
      // not waited for yet, so the number is still that child's
      kill(pid);
      status = waitChild(pid, 0);
    },
  };
  return { transport: held, endedBy: () => reasonOf(status) };
}

/** What an exit status of process.c or hold.c says; others are QEMU's. */
const EXITS: Readonly<Record<number, string>> = {
  4: "the agent could not shut itself in: this kernel or container refuses it a user of its own, limits, or seccomp; take another place (galgo doctor)",
  126: "its program could not be started as a user of its own, or without new rights; take another place (galgo doctor)",
  127: "its program can not be executed",
};

/** undefined when a signal has ended it, ours as a rule. */
function reasonOf(waited: WaitResult): string | undefined {
  if (typeof waited === "string" || (waited.status & 0x7f) !== 0) return undefined;
  const code = (waited.status >> 8) & 0xff;
  return EXITS[code] ?? `its program ended with status ${code} before it answered`;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended by itself, and is waited for
  }
}
