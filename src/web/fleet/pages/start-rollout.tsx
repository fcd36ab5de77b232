// SPDX-License-Identifier: Apache-2.0
// The question before a model is rolled out.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import type { ModelRow, RolloutRow } from "../api/types.ts";
import { Dialog, Field } from "../parts/dialog.tsx";
import { count, shown } from "../parts/shown.ts";
import { go } from "../place.ts";
import { useMay } from "../session.ts";

const SHARES = "1, 10, 100";
const WATCH_SECONDS = 300;

export function StartRollout({ model }: { model: ModelRow }): JSX.Element | null {
  const [open, setOpen] = useState(false);
  if (!useMay("operator")) return null;
  return (
    <>
      <button type="button" class="primary" onClick={() => setOpen(true)}>
        Roll out …
      </button>
      {open ? <Terms model={model} close={() => setOpen(false)} /> : null}
    </>
  );
}

function Terms({ model, close }: { model: ModelRow; close: () => void }): JSX.Element {
  const [name, setName] = useState(model.name);
  const [shares, setShares] = useState(SHARES);
  const [watch, setWatch] = useState(WATCH_SECONDS);
  const [violations, setViolations] = useState(0);
  const start = async (): Promise<void> => {
    const { id } = await post<RolloutRow>("rollouts", {
      name,
      digest: model.digest,
      shares: shares
        .split(/[\s,%]+/)
        .filter((share) => share !== "")
        .map(Number),
      watchSeconds: watch,
      maxViolations: violations,
    });
    go(["rollouts", id]);
  };
  return (
    <Dialog
      title={`Roll out ${shown(model.name)} version ${count(model.version)}`}
      act="Start"
      close={close}
      done={start}
    >
      <Field name="Workloads of this name">
        <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </Field>
      <Field name="Steps" note="Percent of their hosts, the last step 100.">
        <input required value={shares} onInput={(event) => setShares(event.currentTarget.value)} />
      </Field>
      <Field name="Watched after each step (seconds)">
        <input
          type="number"
          min={0}
          required
          value={watch}
          onInput={(event) => setWatch(event.currentTarget.valueAsNumber)}
        />
      </Field>
      <Field
        name="New violations that do not stop it"
        note="With more, or when a host fails, it stops and goes back by itself."
      >
        <input
          type="number"
          min={0}
          required
          value={violations}
          onInput={(event) => setViolations(event.currentTarget.valueAsNumber)}
        />
      </Field>
    </Dialog>
  );
}
