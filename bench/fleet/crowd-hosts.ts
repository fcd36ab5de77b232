// SPDX-License-Identifier: Apache-2.0
// The simulated hosts of one process, and what they do: heartbeats, violations, deployments, counts, answers to commands.
import { setTimeout as delay } from "node:timers/promises";
import { HEARTBEAT_MS } from "../../src/wire/link/index.ts";
import { Agent } from "./agent.ts";
import { BusLine } from "./bus.ts";
import { CommandAnswers } from "./commands.ts";
import { type EnrolPlace, type Enrolled, enrolAll } from "./enrol.ts";
import { HostItems } from "./host-items.ts";
import type { CrowdOrder, CrowdReport, CrowdShare, Moment } from "./orders.ts";
import { Population } from "./population.ts";
import { Random } from "./random.ts";
import { Rate } from "./rate.ts";
import { Wheel } from "./wheel.ts";

const FLUSH_LOOK_MS = 5;
/** Faults that are kept for the next report. */
const MAX_FAULTS = 20;

interface Member {
  readonly agent: Agent;
  readonly line: BusLine;
}

export class Crowd {
  #members: Member[] = [];
  #enrolled: Enrolled[] = [];
  #population = new Population(0);
  #random = new Random(1);
  readonly #due = new Set<Agent>();
  readonly #faults: string[] = [];
  #violations: Moment[] = [];
  #commands: Moment[] = [];
  readonly #rates = { violations: new Rate(), deployments: new Rate() };
  #countsTimer: Wheel<Member> | undefined;

  /** @returns what was asked for */
  async obey(order: CrowdOrder): Promise<CrowdReport | undefined> {
    switch (order.do) {
      case "join":
        await this.#join(order.share, order.place);
        return undefined;
      case "connect":
        await this.#connect(order.overMs);
        return undefined;
      case "violations":
        this.#rates.violations.set(order.perSecond, () => this.#violate());
        return undefined;
      case "deployments":
        this.#rates.deployments.set(order.perSecond, () => this.#deploy());
        return undefined;
      case "counts":
        this.#count(order.everyMs);
        return undefined;
      case "report":
        return this.#report();
    }
  }

  async #join({ total, from, to }: CrowdShare, place: EnrolPlace): Promise<void> {
    this.#population = new Population(total);
    // other chance in each process; the same in each run
    this.#random = new Random(from + 7);
    const hosts = Array.from({ length: to - from }, (_, n) => this.#population.host(from + n));
    this.#enrolled = await enrolAll(place, hosts);
    setInterval(() => this.#flush(), FLUSH_LOOK_MS);
  }

  async #connect(overMs: number): Promise<void> {
    const wheel = new Wheel<Member>(HEARTBEAT_MS, 0.05, this.#random, ({ agent }) => {
      agent.heartbeat();
      this.#watch(agent.tick(performance.now()));
    });
    const began = performance.now();
    const pause = overMs / this.#enrolled.length;
    const online = this.#enrolled.map(async (enrolled, index) => {
      await delay(index * pause - (performance.now() - began));
      wheel.add(await this.#start(enrolled));
    });
    await Promise.all(online);
  }

  /** Settles when it has been connected once. */
  async #start({ host, key, answer }: Enrolled): Promise<Member> {
    const items = new HostItems(this.#population, host, new Random(this.#random.below(2 ** 31)));
    const commands = new CommandAnswers(answer, items);
    const agent = await Agent.open({
      id: answer.host,
      items,
      onDue: (one) => this.#due.add(one),
      onCommand: (one, envelope) => this.#command(one, commands, envelope),
    });
    agent.put(items.table(), "usual");
    return new Promise((done) => {
      const line = new BusLine(
        { host, key, answer },
        {
          online: (wire) => {
            this.#watch(agent.online(wire, performance.now()));
            done(member);
          },
          offline: () => agent.offline(),
          receive: (kind, bytes) => this.#try(() => agent.receive(kind, bytes)),
        },
      );
      const member = { agent, line };
      this.#members.push(member);
      line.start();
    });
  }

  #flush(): void {
    const now = performance.now();
    for (const agent of this.#due) {
      if (agent.dueAt > now) continue;
      this.#due.delete(agent);
      this.#watch(agent.flush());
    }
  }

  #violate(): void {
    const { agent } = this.#random.pick(this.#members);
    const { violation, behaviours } = agent.items.violate();
    const key = `${agent.id}~${violation.run}~${violation.number}`;
    this.#violations.push([key, String(process.hrtime.bigint())]);
    agent.put([violation, ...behaviours], "vital", true);
  }

  #deploy(): void {
    const { agent } = this.#random.pick(this.#members);
    agent.put(agent.items.deploy(), "usual");
  }

  #count(everyMs: number): void {
    this.#countsTimer?.stop();
    this.#countsTimer = undefined;
    if (everyMs === 0) return;
    const wheel = new Wheel<Member>(everyMs, 0, this.#random, ({ agent }) => {
      agent.put(agent.items.counts(), "bulk");
    });
    for (const member of this.#members) wheel.add(member);
    this.#countsTimer = wheel;
  }

  #command(agent: Agent, commands: CommandAnswers, envelope: Uint8Array): void {
    const ns = String(process.hrtime.bigint());
    const answer = commands.answer(Buffer.from(envelope).toString("utf8"));
    if (answer === undefined) return;
    this.#commands.push([`${agent.id} ${answer.command}`, ns]);
    agent.put(answer.items, "vital", true);
  }

  #report(): CrowdReport {
    const told: Record<string, number> = {};
    let [workloads, connected, failures, waiting, sent] = [0, 0, 0, 0, 0];
    for (const { agent, line } of this.#members) {
      workloads += agent.items.count;
      connected += line.connected ? 1 : 0;
      failures += line.failures;
      waiting += agent.waiting;
      sent += agent.sent;
      for (const [kind, count] of agent.told) told[kind] = (told[kind] ?? 0) + count;
    }
    const { length: hosts } = this.#members;
    const [violations, commands] = [this.#violations, this.#commands];
    [this.#violations, this.#commands] = [[], []];
    const faults = this.#faults.splice(0);
    const sums = { hosts, workloads, connected, failures, waiting, sent, told };
    return { ...sums, violations, commands, faults };
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fault(error);
    }
  }

  #watch(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#fault(error));
  }

  #fault(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(text);
  }
}
