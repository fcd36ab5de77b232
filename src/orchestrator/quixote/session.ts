// SPDX-License-Identifier: Apache-2.0
// One console's session: a request is read, answered in full, and only then the next one is read. What the console does not read
// waits in the kernel's buffer and stops the answer, so a slow console costs one chunk of memory.
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { answerTo } from "./answer.ts";
import { ANSWER_CHUNK_BYTES } from "./limits.ts";
import type { ManagedNamespace } from "../live/managed-namespace.ts";
import { commandName, ConsoleError, FrameReader, frameOf, REQUEST_BYTES } from "./protocol.ts";
import type { CommandName } from "./protocol.ts";

/** A console, and how long it may take to read a piece of an answer (ms). */
export interface SessionEnd {
  readonly socket: Socket;
  readonly stallMs: number;
}

/**
 * Serves a console until it ends its session or is gone; the socket is closed then.
 * @throws ConsoleError and whatever the namespace throws; the session is over, nothing else is.
 */
export async function serveSession(end: SessionEnd, namespace: ManagedNamespace): Promise<void> {
  const { socket } = end;
  const reader = new FrameReader(REQUEST_BYTES);
  try {
    for await (const bytes of socket as AsyncIterable<Uint8Array>) {
      for (const payload of reader.push(bytes)) {
        if (payload.length === 0) return;
        await answer(end, commandOf(payload), namespace);
      }
    }
  } finally {
    socket.destroy();
  }
}

function commandOf(payload: Buffer): CommandName {
  if (payload.length !== REQUEST_BYTES) {
    const message = `a request of ${payload.length} bytes came where ${REQUEST_BYTES} are a command`;
    throw new ConsoleError("BAD_FRAME", message);
  }
  const number = payload.readInt32LE(0);
  const name = commandName(number);
  if (name !== undefined) return name;
  throw new ConsoleError("NOT_SERVED", `command ${number} is not served`, { facts: { number } });
}

async function answer(
  end: SessionEnd,
  command: CommandName,
  namespace: ManagedNamespace,
): Promise<void> {
  let frames: Uint8Array[] = [];
  let size = 0;
  for await (const payload of answerTo(command, namespace)) {
    const frame = frameOf(payload);
    frames.push(frame);
    size += frame.length;
    if (size < ANSWER_CHUNK_BYTES) continue;
    await send(end, frames);
    frames = [];
    size = 0;
  }
  await send(end, frames);
}

/** Settles when the kernel has all of it. */
async function send(end: SessionEnd, frames: readonly Uint8Array[]): Promise<void> {
  const { socket, stallMs } = end;
  const bytes = Buffer.concat(frames);
  await new Promise<void>((resolve, reject) => {
    const stalled = setTimeout(() => {
      const message = `nothing of an answer was read for ${stallMs / 1_000} s`;
      reject(new ConsoleError("STALLED", message));
    }, stallMs);
    socket.write(bytes, (error) => {
      clearTimeout(stalled);
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
  // a console that reads fast would keep this thread to itself
  await turn();
}
