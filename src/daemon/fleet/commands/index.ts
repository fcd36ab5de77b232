// SPDX-License-Identifier: Apache-2.0
// Commands of the fleet on this host: opened, remembered, carried out, answered.
import { join } from "node:path";
import { publicKeyOfPem, type PublicKey } from "../../../attest/keys/keys.ts";
import { CodedError } from "../../../base/errors.ts";
import { nodeVerifier } from "../../../quote/node-verifier.ts";
import {
  type CommandBody,
  openCommand,
  readCommandsAnswer,
  type ResultItem,
  selects,
  selectsHost,
} from "../../../wire/link/index.ts";
import type { ManagedRun } from "../../registry/managed-run.ts";
import type { FleetReceiver, FleetSide } from "../side.ts";
import { act, type WorkloadResult } from "./act.ts";
import { CommandJournal } from "./journal.ts";
import { MAX_ANSWERS, MAX_AT_ONCE } from "./limits.ts";
import { FleetModels } from "./models.ts";
import { Refusals } from "./refusals.ts";
import { FleetWitness } from "./witness.ts";

const JOURNAL = "commands.jsonl";

export function openCommands(side: FleetSide): FleetReceiver {
  return new Commands(side);
}

/** What became of a command. */
type Outcome = Pick<ResultItem, "status" | "words"> & {
  readonly workloads?: readonly WorkloadResult[];
};

class Commands implements FleetReceiver {
  readonly #side: FleetSide;
  readonly #journal: CommandJournal;
  readonly #refusals: Refusals;
  readonly #witness: FleetWitness;
  readonly #models: FleetModels;
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  constructor(side: FleetSide) {
    this.#side = side;
    this.#journal = new CommandJournal(join(side.folder, JOURNAL));
    this.#refusals = new Refusals(side, () => performance.now());
    this.#witness = new FleetWitness(side);
    this.#models = new FleetModels(side);
    for (const id of this.#journal.unfinished()) this.#track(this.#interrupted(id));
  }

  command(envelope: string): void {
    const began = performance.now();
    if (this.#closed) return;
    let body: CommandBody;
    try {
      const { membership } = this.#side;
      const keys = keysOf(membership.commandKeys);
      const now = Date.now();
      body = openCommand(envelope, { keys, verifier: nodeVerifier, host: membership.host, now });
      if (this.#journal.has(body.id)) return;
      this.#remember(body, now);
    } catch (error) {
      this.#refused(error);
      return;
    }
    this.#track(this.#carryOut(body, began));
  }

  /** @throws FleetError: it is not carried out then; only a kill does not wait for a disk that has no room */
  #remember({ id, kind, expires }: CommandBody, now: number): void {
    try {
      this.#journal.take(id, expires, now);
    } catch (error) {
      if (kind !== "kill") throw error;
      this.#journal.takeUnwritten(id, expires);
      this.#side.tell(
        "error",
        `${lineOf(error)}; the order to kill ${id} is carried out all the same`,
      );
    }
  }

  connected(): void {
    this.#track(this.#askForMissed());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#running);
    await this.#witness.close();
    this.#journal.close();
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) =>
        this.#side.tell("warning", `commands of the fleet: ${lineOf(error)}`),
      )
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  #refused(error: unknown): void {
    const code = error instanceof CodedError ? error.code : "FAILED";
    this.#refusals.refused("a command", code, lineOf(error));
  }

  async #interrupted(id: string): Promise<void> {
    const words = "the daemon ended while it was carried out: how far it came is not known";
    await this.#report(id, { status: "failed", words });
  }

  async #carryOut(body: CommandBody, began: number): Promise<void> {
    const outcome =
      this.#running.size >= MAX_AT_ONCE
        ? ({ status: "refused", words: `${MAX_AT_ONCE} commands are carried out already` } as const)
        : await this.#outcome(body);
    await this.#report(body.id, outcome, Math.round(performance.now() - began));
  }

  /** What was taken is on the disk until its result is. */
  async #report(command: string, outcome: Outcome, tookMs?: number): Promise<void> {
    const took = tookMs === undefined ? {} : { tookMs };
    await this.#side.report([{ kind: "result", at: Date.now(), command, ...outcome, ...took }]);
    this.#journal.finish(command);
  }

  async #outcome(body: CommandBody): Promise<Outcome> {
    try {
      const { membership } = this.#side;
      if (!selectsHost(body.target.select, membership))
        return { status: "done", words: "none of this host's workloads is meant" };
      return await this.#done(body);
    } catch (error) {
      return { status: "failed", words: lineOf(error) };
    }
  }

  async #done(body: CommandBody): Promise<Outcome> {
    switch (body.kind) {
      case "model":
        return this.#model(body);
      case "table":
        this.#side.tellTable();
        return { status: "done", words: "the table of workloads is told again" };
      case "key":
        keysOf([body.args.publicKey]);
        this.#side.setCommandKeys([body.args.publicKey]);
        return { status: "done", words: "commands are signed with the new key from now on" };
      default: {
        const meant = this.#selected(body);
        return summed(await Promise.all(meant.map((run) => act(run, body, this.#witness))));
      }
    }
  }

  async #model({ args, target }: CommandBody & { kind: "model" }): Promise<Outcome> {
    const { name, digest } = args;
    const words =
      digest === null ? this.#models.release(name) : await this.#models.pin(name, digest);
    const running = this.#selected({ target }).filter((run) => run.name === name);
    const workloads = running.map(
      ({ id: run }): WorkloadResult => ({
        run,
        status: "done",
        words: "goes on under the model that it was started with",
      }),
    );
    return { status: "done", words, ...(workloads.length === 0 ? {} : { workloads }) };
  }

  #selected({ target }: Pick<CommandBody, "target">): readonly ManagedRun[] {
    const { context, membership } = this.#side;
    return context.registry.list().filter((run) => {
      const digest = run.status().model?.digest;
      const model = digest === undefined ? {} : { model: digest };
      const workload = { id: run.id, name: run.name, labels: {}, ...model };
      return selects(target.select, membership, workload);
    });
  }

  /** What was sent while this host was away. Those that it has taken are known by their ids. */
  async #askForMissed(): Promise<void> {
    let since = 0;
    for (let asked = 0; asked < MAX_ANSWERS && !this.#closed; asked += 1) {
      const answer = await this.#side.ask("commands", { since });
      const text = new TextEncoder().encode(JSON.stringify(answer));
      const { commands, more } = readCommandsAnswer(text);
      for (const envelope of commands) this.command(envelope);
      if (more === undefined || more <= since) return;
      since = more;
    }
  }
}

function summed(workloads: readonly WorkloadResult[]): Outcome {
  if (workloads.length === 0)
    return { status: "done", words: "none of this host's workloads is meant" };
  const failed = workloads.filter(({ status }) => status !== "done").length;
  const words = `${workloads.length - failed} of ${workloads.length} workloads`;
  return { status: failed === 0 ? "done" : "failed", words, workloads };
}

/** @throws SignatureError BAD_KEY */
function keysOf(pems: readonly string[]): readonly PublicKey[] {
  return pems.map((pem) => publicKeyOfPem(pem, nodeVerifier, "the fleet's key of commands"));
}

function lineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll("\n", " | ").slice(0, 4_000);
}
