// SPDX-License-Identifier: Apache-2.0
// `GET /api/v1/events`: a console's stream of events, for as long as it may listen and keeps up.
import { FleetError } from "../errors.ts";
import type { FleetContext } from "../server/context.ts";
import type { FleetCall } from "../server/http.ts";
import type { LiveEvent, LiveHub } from "./hub.ts";
import {
  KEEP_ALIVE_MS,
  MAX_LISTENERS,
  MAX_MISSED_BYTES,
  MAX_WAITING_BYTES,
  RECHECK_MS,
  RETRY_MS,
} from "./limits.ts";

const UTF8 = new TextEncoder();

/** @throws FleetError BUSY */
export function eventStream(
  context: Pick<FleetContext, "services">,
  hub: LiveHub,
  call: FleetCall,
): Response {
  if (hub.listeners >= MAX_LISTENERS) {
    throw new FleetError(
      "BUSY",
      `this server tells ${MAX_LISTENERS} consoles already; try again later`,
    );
  }
  const last = call.req.header("last-event-id");
  let end = (): void => undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const drop = (): void => void call.env.outgoing.destroy();
        end = serve({ controller, hub, last, drop, isWelcome: () => isWelcome(context, call) });
      },
      cancel() {
        end();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
  );
  return new Response(stream, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
  });
}

interface Serving {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly hub: LiveHub;
  readonly last: string | undefined;
  isWelcome(): Promise<boolean>;
  /** Ends the connection without waiting for what is on its way. */
  drop(): void;
}

/** @returns ends it */
function serve({ controller, hub, last, drop, isWelcome: welcome }: Serving): () => void {
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    hub.leave(listener);
    clearInterval(alive);
    clearInterval(recheck);
    try {
      // What waits for one that does not read is let go, and its connection with it. It is told again from where it was when it comes back
      if ((controller.desiredSize ?? 0) <= 0) drop();
      controller.close();
    } catch {
      // the console has left
    }
  };
  const write = (text: string): void => {
    if (ended) return;
    controller.enqueue(UTF8.encode(text));
    if ((controller.desiredSize ?? 0) <= 0) end();
  };
  const listener = ({ text }: LiveEvent): void => write(text);
  const alive = setInterval(() => write(":\n\n"), KEEP_ALIVE_MS);
  const recheck = setInterval(() => {
    void welcome().then((yes) => {
      if (!yes) end();
    });
  }, RECHECK_MS);
  const missed = fitting(hub.listen(listener, last));
  write(`retry: ${RETRY_MS}\n\n`);
  if (missed === undefined) write("event: reset\ndata: {}\n\n");
  for (const event of missed ?? []) write(event.text);
  return end;
}

/** More than may wait for a console at once would have it sent away before it has read any of it, each time that it comes back. */
function fitting(missed: readonly LiveEvent[] | undefined): readonly LiveEvent[] | undefined {
  const bytes = (missed ?? []).reduce((all, { text }) => all + Buffer.byteLength(text), 0);
  return bytes > MAX_MISSED_BYTES ? undefined : missed;
}

/** Sessions end, and rights are taken away, while somebody listens. */
async function isWelcome(
  { services }: Pick<FleetContext, "services">,
  call: FleetCall,
): Promise<boolean> {
  if (call.get("principal").kind === "local") return true;
  try {
    return (await services.guard.maybe?.principalOf(call)) !== undefined;
  } catch {
    return false;
  }
}
