// SPDX-License-Identifier: Apache-2.0
// Verdicts of the fleet on this host: asked for at a door, kept, and carried out when they come later.
import { join } from "node:path";
import type { FleetReceiver, FleetSide } from "../side.ts";
import { RulingBook } from "./book.ts";
import { VerdictDoor } from "./door.ts";
import { FleetJudge } from "./judge.ts";
import { MAX_PAGES } from "./limits.ts";

const BOOK = "rulings.jsonl";

/** A door that can not be opened is said: then nobody here is asked for verdicts, and runs that want them do not start. */
export function openVerdicts(side: FleetSide): FleetReceiver {
  const judge = new FleetJudge(side, new RulingBook(join(side.folder, BOOK)));
  const door = doorTo(side, judge);
  return {
    verdict: (envelope) => judge.heard(envelope),
    connected: () => {
      judge.catchUp(MAX_PAGES).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        side.tell("warning", `what the fleet has ruled meanwhile is not known: ${why}`);
      });
    },
    close: async () => door?.close(),
  };
}

function doorTo(side: FleetSide, judge: FleetJudge): VerdictDoor | undefined {
  try {
    return new VerdictDoor(side, (hello, question) => judge.judge(hello, question));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    side.tell("error", `--tma remote: can not be used: ${why}`);
    return undefined;
  }
}
