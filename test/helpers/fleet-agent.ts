// SPDX-License-Identifier: Apache-2.0
// A host on the bus of a test fleet that a test speaks for: what comes down to it, and parcels that it sends up.
import { headers as newHeaders, type NatsConnection } from "@nats-io/transport-node";
import type { PublicKey } from "../../src/attest/keys/keys.ts";
import { publicKeyOfPem } from "../../src/attest/keys/keys.ts";
import {
  type CommandBody,
  DOWN_ALL,
  downSubject,
  type Item,
  openCommand,
  parcelId,
  upSubject,
  writeParcel,
} from "../../src/wire/link/index.ts";
import type { FleetServer, TestHost } from "./fleet-server.ts";
import { nodeVerifier } from "./signing.ts";

export class FleetAgent {
  readonly id: string;
  /** Commands for this host, as they came. */
  readonly commands: CommandBody[] = [];
  readonly #link: NatsConnection;
  readonly #keys: readonly PublicKey[];
  readonly #epoch = `${Date.now()}-00000000`;
  readonly #waiting: (() => void)[] = [];
  #seq = 0;

  private constructor({ enrolled }: TestHost, link: NatsConnection) {
    this.id = enrolled.host;
    this.#link = link;
    this.#keys = enrolled.commandKeys.map((pem) => publicKeyOfPem(pem, nodeVerifier, "key"));
    for (const subject of [downSubject(this.id, "cmd"), DOWN_ALL.cmd]) {
      link.subscribe(subject, { callback: (_error, message) => this.#take(message.string()) });
    }
  }

  /** A new host. */
  static async start(fleet: FleetServer, name: string, group?: string): Promise<FleetAgent> {
    return FleetAgent.of(await fleet.host({ name, ...(group !== undefined && { group }) }));
  }

  /** A host that has joined. */
  static async of(host: TestHost): Promise<FleetAgent> {
    const link = await host.connect();
    const agent = new FleetAgent(host, link);
    await link.flush();
    return agent;
  }

  /** The command that fits, as soon as it is there. */
  async command(fits: (body: CommandBody) => boolean): Promise<CommandBody> {
    for (;;) {
      const found = this.commands.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((go) => {
        this.#waiting.push(go);
      });
    }
  }

  /** Sends items, as one parcel. */
  async tell(...items: readonly Item[]): Promise<void> {
    this.#seq += 1;
    const parcel = {
      v: 1,
      host: this.id,
      epoch: this.#epoch,
      seq: this.#seq,
      at: Date.now(),
      items,
    } as const;
    const headers = newHeaders();
    headers.set("Nats-Msg-Id", parcelId(parcel));
    this.#link.publish(upSubject(this.id, "ev"), writeParcel(parcel), { headers });
    await this.#link.flush();
  }

  /** What a question is answered with. */
  async ask(kind: "commands" | "model", body: object): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#link.request(
      upSubject(this.id, `ask.${kind}`),
      JSON.stringify(body),
      {
        timeout: 10_000,
      },
    );
    return answer.json();
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  #take(text: string): void {
    const opening = { keys: this.#keys, verifier: nodeVerifier, host: this.id, now: Date.now() };
    try {
      this.commands.push(openCommand(text, opening));
    } catch {
      // for others
      return;
    }
    for (const go of this.#waiting.splice(0)) go();
  }
}
