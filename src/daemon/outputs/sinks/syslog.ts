// SPDX-License-Identifier: Apache-2.0
// Syslog messages over UDP (RFC 5426), TCP (RFC 6587, octet counting), TLS (RFC 5425) or the local socket of the machine. Syslog knows no
// acknowledgement: a stream that breaks is made anew and what was sent last is sent once more; of datagrams nobody can know.
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect, isIP, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { CodedError } from "../../../base/errors.ts";
import { quote } from "../../../base/quote.ts";
import { SinkError, wordsOf } from "../errors.ts";
import {
  FULL_PAUSE_MS,
  MAX_DATAGRAM_BYTES,
  MAX_MESSAGE_BYTES,
  UNSURE_BYTES,
  UNSURE_MS,
} from "../limits.ts";
import type { Message, Sink } from "./sink.ts";
import type { TlsFiles } from "./tls.ts";

export interface SyslogTarget {
  readonly transport: "udp" | "tcp" | "tls";
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles;
}

/** Hands one datagram to a local socket. @throws Error */
export type SendLocal = (path: string, bytes: Uint8Array) => void;

export function syslogSink(target: SyslogTarget): Sink {
  return target.transport === "udp" ? new UdpSink(target) : new StreamSink(target);
}

/** Datagrams to a socket of this machine, as /dev/log. */
export function localSyslogSink(path: string, send: SendLocal): Sink {
  return {
    target: `socket ${quote(path)}`,
    maxMessageBytes: MAX_DATAGRAM_BYTES,
    send: async (messages, signal) => {
      try {
        for (const { text } of messages)
          await handOver(() => send(path, Buffer.from(text)), signal);
      } catch (cause) {
        throw new SinkError("UNREACHABLE", wordsOf(cause), { cause });
      }
    },
    close: async () => {},
  };
}

/** A full queue is waited for: the messages before this one would all be sent again, and it be full again. */
async function handOver(send: () => void, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      send();
      return;
    } catch (error) {
      if (!(error instanceof CodedError) || error.facts["errno"] !== "EAGAIN") throw error;
    }
    await pause(FULL_PAUSE_MS, undefined, { signal });
  }
}

function nameOf({ transport, host, port }: SyslogTarget): string {
  return quote(`${transport}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
}

class UdpSink implements Sink {
  readonly target: string;
  readonly maxMessageBytes = MAX_DATAGRAM_BYTES;
  readonly #to: SyslogTarget;
  #socket: UdpSocket | undefined;

  constructor(to: SyslogTarget) {
    this.#to = to;
    this.target = nameOf(to);
  }

  async send(messages: readonly Message[]): Promise<void> {
    try {
      const socket = await this.#connected();
      for (const { text } of messages) {
        await new Promise<void>((resolve, reject) => {
          socket.send(text, (error) => (error === null ? resolve() : reject(error)));
        });
      }
    } catch (cause) {
      await this.close();
      throw new SinkError("UNREACHABLE", wordsOf(cause), { cause });
    }
  }

  async close(): Promise<void> {
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** A connected socket is told when nobody listens on the same machine or network. */
  async #connected(): Promise<UdpSocket> {
    if (this.#socket !== undefined) return this.#socket;
    const { host, port } = this.#to;
    const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error): void => {
        if (error === undefined) {
          resolve();
          return;
        }
        socket.close();
        reject(error);
      };
      socket.once("error", settle);
      // a name that is not found is told here
      socket.connect(port, host, settle);
    });
    socket.removeAllListeners("error");
    socket.on("error", () => {
      if (this.#socket === socket) this.#socket = undefined;
      socket.close();
    });
    socket.unref();
    this.#socket = socket;
    return socket;
  }
}

interface Sent {
  readonly at: number;
  readonly frame: Buffer;
}

class StreamSink implements Sink {
  readonly target: string;
  readonly maxMessageBytes = MAX_MESSAGE_BYTES;
  readonly #to: SyslogTarget;
  #socket: Socket | undefined;
  /** Written lately: lost if the receiver died before it read them. */
  #unsure: Sent[] = [];
  /** Those of a connection that broke. */
  #again: readonly Sent[] = [];

  constructor(to: SyslogTarget) {
    this.#to = to;
    this.target = nameOf(to);
  }

  get unsettled(): boolean {
    return this.#again.length > 0;
  }

  async send(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    try {
      const socket = await this.#connected(signal);
      const again = this.#again;
      for (const { frame } of again) await written(socket, frame, signal);
      if (this.#again === again) this.#again = [];
      if (messages.length === 0) return;
      const frame = Buffer.concat(messages.map(({ text }) => frameOf(text)));
      await written(socket, frame, signal);
      this.#remember(frame);
    } catch (cause) {
      this.#drop();
      throw new SinkError("UNREACHABLE", wordsOf(cause), { cause });
    }
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    await new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
      socket.end();
      setTimeout(() => socket.destroy(), 1_000).unref();
    });
  }

  #drop(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    this.#again = this.#recent();
    socket.destroy();
  }

  #recent(): readonly Sent[] {
    const since = Date.now() - UNSURE_MS;
    const again = this.#again;
    this.#unsure = this.#unsure.filter((sent) => sent.at >= since || again.includes(sent));
    return this.#unsure;
  }

  #remember(frame: Buffer): void {
    this.#unsure.push({ at: Date.now(), frame });
    let bytes = this.#recent().reduce((sum, sent) => sum + sent.frame.length, 0);
    while (bytes > UNSURE_BYTES && this.#unsure.length > 1) {
      bytes -= this.#unsure.shift()?.frame.length ?? 0;
    }
  }

  async #connected(signal: AbortSignal): Promise<Socket> {
    if (this.#socket !== undefined) return this.#socket;
    const { host, port, transport, tls } = this.#to;
    const socket =
      transport === "tls"
        ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls })
        : connect({ host, port });
    await opened(socket, transport === "tls" ? "secureConnect" : "connect", signal);
    // nobody answers on such a connection; what is said must not fill memory
    socket.resume();
    const gone = (): void => {
      socket.destroy();
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#again = this.#recent();
    };
    for (const event of ["end", "error", "close"]) socket.on(event, gone);
    this.#socket = socket;
    return socket;
  }
}

/** RFC 6587, 3.4.1: the length in front. */
function frameOf(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

async function opened(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    const settle = (error?: Error): void => {
      signal.removeEventListener("abort", abort);
      socket.off("error", settle);
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.once("error", settle);
    socket.once(event, () => settle());
  });
}

/** Resolves when the kernel has all of it. */
async function written(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    socket.write(bytes, (error) => {
      signal.removeEventListener("abort", abort);
      if (error == null) resolve();
      else reject(error);
    });
  });
}
