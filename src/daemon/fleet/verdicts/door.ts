// SPDX-License-Identifier: Apache-2.0
// The door at which threads that decide ask what the fleet says: one line a question, one line an answer. A unix socket of the daemon's own
// user; no process of a workload is let in.
import { Socket } from "node:net";
import type { Peer } from "../../../native/unix-socket.ffi.ts";
import {
  type DoorAnswer,
  type DoorHello,
  doorLine,
  type DoorQuestion,
  MAX_DOOR_LINE,
  readDoorHello,
  readDoorQuestion,
} from "../../../tma/index.ts";
import { requireOutsider } from "../../api/insiders.ts";
import { type Door, openDoor } from "../../doors/door.ts";
import { FleetError } from "../errors.ts";
import type { FleetSide } from "../side.ts";
import { MAX_DOOR_CONNECTIONS } from "./limits.ts";

/** Who answers. Never rejects. */
export type Judge = (hello: DoorHello, question: DoorQuestion) => Promise<DoorAnswer>;

export class VerdictDoor {
  readonly #side: FleetSide;
  readonly #judge: Judge;
  readonly #sockets = new Set<Socket>();
  readonly #door: Door;

  /** @throws DaemonError NO_SOCKET, NO_DIRECTORY, NOT_ALLOWED */
  constructor(side: FleetSide, judge: Judge) {
    this.#side = side;
    this.#judge = judge;
    this.#door = openDoor(side.context.sockets.verdict, {
      type: "stream",
      gid: undefined,
      onConnection: (fd, peer) => this.#connected(fd, peer),
      onNotice: (text) => side.tell("warning", `the door for verdicts: ${text}`),
    });
  }

  close(): void {
    this.#door.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #connected(fd: number, peer: Peer): void {
    if (this.#sockets.size >= MAX_DOOR_CONNECTIONS) {
      throw new FleetError("FULL", `${MAX_DOOR_CONNECTIONS} others ask for verdicts already`);
    }
    if (peer.pid !== process.pid) requireOutsider(peer, this.#side.context.registry.list());
    const socket = new Socket({ fd, readable: true, writable: true });
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // whoever asks has gone
    socket.on("error", () => socket.destroy());
    new Conversation(socket, this.#judge);
  }
}

/** One thread that asks. */
class Conversation {
  readonly #socket: Socket;
  readonly #judge: Judge;
  #came: Buffer = Buffer.alloc(0);
  #hello: DoorHello | undefined;

  constructor(socket: Socket, judge: Judge) {
    this.#socket = socket;
    this.#judge = judge;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.resume();
  }

  #take(bytes: Buffer): void {
    this.#came = this.#came.length === 0 ? bytes : Buffer.concat([this.#came, bytes]);
    for (let end = this.#end(); end >= 0 && !this.#socket.destroyed; end = this.#end()) {
      const line = this.#came.toString("utf8", 0, end);
      this.#came = this.#came.subarray(end + 1);
      if (!this.#understood(line)) this.#socket.destroy();
    }
    if (this.#came.length > MAX_DOOR_LINE) this.#socket.destroy();
  }

  #end(): number {
    return this.#came.indexOf(0x0a);
  }

  #understood(line: string): boolean {
    const hello = this.#hello;
    if (hello === undefined) {
      this.#hello = readDoorHello(line);
      return this.#hello !== undefined;
    }
    const question = readDoorQuestion(line);
    if (question === undefined) return false;
    void this.#judge(hello, question).then((said) => {
      if (!this.#socket.destroyed) this.#socket.write(doorLine(said));
    });
    return true;
  }
}
