// SPDX-License-Identifier: Apache-2.0
// galgo adopt: goes on with a namespace of the bpf sensor whose Galgo was killed.
import { quote } from "../../base/quote.ts";
import {
  type Adoptable,
  adoptable,
  adoptionRequest,
  RunError,
  runWorkload,
} from "../../orchestrator/index.ts";
import { ownVoice } from "../render.ts";
import { type PlatformOptions, withPlatform } from "../run-platform.ts";
import { attestRequest, tellingObserver, tellResult } from "../run-command.ts";

interface AdoptOptions extends PlatformOptions {
  readonly attestKey?: string;
  readonly json?: boolean;
}

export async function adopt(name: string | undefined, options: AdoptOptions): Promise<void> {
  const request = {
    ...adoptionRequest(choose(adoptable(), name)),
    ...attestRequest(options),
  };
  const voice = ownVoice();
  // what its state began with is known: a platform has to be the one of then
  const result = await withPlatform(request, options, ({ aggregate: _now, ...vouched }) =>
    runWorkload(
      { ...vouched, ...(request.aggregate === undefined ? {} : { aggregate: request.aggregate }) },
      tellingObserver(request.mode, voice),
    ),
  );
  process.exitCode = tellResult(result, request, options, voice);
}

function choose(all: readonly Adoptable[], name: string | undefined): Adoptable {
  const named =
    name === undefined ? all : all.filter(({ run, trail }) => run?.name === name || trail === name);
  const [first, ...others] = named;
  if (first === undefined) {
    const which = name === undefined ? "" : ` of the name ${quote(name)}`;
    throw new RunError("BAD_OPTION", `the kernel has no namespace${which} whose Galgo was killed`);
  }
  if (others.length === 0) return first;
  const places = named.map(({ trail, slot }) =>
    trail === undefined ? `slot ${slot}` : quote(trail),
  );
  throw new RunError(
    "BAD_OPTION",
    `there are several: galgo adopt with one of ${places.join(", ")}`,
  );
}
