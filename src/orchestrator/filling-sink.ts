// SPDX-License-Identifier: Apache-2.0
// Between a sensor that knows less than a TSEM kernel and a mapping that hashes what it does not know.
import { asKernelTells, fileAsKernelTells } from "../event/index.ts";
import type { EventSink } from "../sensor/sensor.ts";

/** The sink, given events in which that has fixed values: they are what is judged, recorded and learned. */
export function fillingSink(sink: EventSink): EventSink {
  return {
    root: sink.root,
    emptyDigest: sink.emptyDigest,
    wantsDigest: (hook, flags, pathname, temporary) =>
      sink.wantsDigest(hook, flags, pathname, temporary),
    forked: (parent) => sink.forked(parent),
    execed: (before, program) =>
      sink.execed(before, { ...program, file: fileAsKernelTells(program.file) }),
    decide: (event, untrusted) => sink.decide(asKernelTells(event), untrusted),
    violated: (event, reason) => sink.violated(asKernelTells(event), reason),
    lost: (reason, detail) => sink.lost(reason, detail),
    processSeen: (seen) => sink.processSeen?.(seen),
    answered: (moreWaiting) => sink.answered(moreWaiting),
  };
}
