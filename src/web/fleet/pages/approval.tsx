// SPDX-License-Identifier: Apache-2.0
// Behaviours outside of a model that its workloads have shown: those that are chosen are in the next version, signed by the fleet.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import { useList } from "../api/hooks.ts";
import type { BehaviourRow, ModelRow } from "../api/types.ts";
import { BEHAVIOUR_COLUMNS } from "../columns.tsx";
import { Dialog, Field } from "../parts/dialog.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { count, plural, shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";
import { go } from "../place.ts";
import { useMay } from "../session.ts";

export function Approval({ model }: { model: ModelRow }): JSX.Element {
  const path = `models/${encodeURIComponent(model.digest)}/candidates`;
  const listed = useList<BehaviourRow>(path, {}, ["violation"]);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asked, ask] = useState(false);
  const may = useMay("operator");
  const turn = (coefficient: string): void => {
    const next = new Set(chosen);
    if (!next.delete(coefficient)) next.add(coefficient);
    setChosen(next);
  };
  return (
    <>
      <p class="intro">
        What workloads under this model have done outside of it. Those that are approved are in a
        new version, which the fleet signs; nothing changes for any workload until that is rolled
        out.
      </p>
      {may ? (
        <div class="tools">
          <button
            type="button"
            class="primary"
            disabled={chosen.size === 0}
            onClick={() => ask(true)}
          >
            Approve {chosen.size === 0 ? "" : plural(chosen.size, "behaviour")} …
          </button>
          {chosen.size === 0 ? null : (
            <button type="button" onClick={() => setChosen(new Set())}>
              None
            </button>
          )}
        </div>
      ) : null}
      <ListTable
        label="Behaviours outside of the model"
        listed={{ ...listed, version: listed.version * 1_000 + chosen.size }}
        columns={may ? [chooser(chosen, turn), ...BEHAVIOUR_COLUMNS] : BEHAVIOUR_COLUMNS}
        open={({ coefficient }) => (may ? turn(coefficient) : go(["behaviours", coefficient]))}
        classOf={({ coefficient }) => (chosen.has(coefficient) ? "chosen-row" : "")}
        empty="Nothing: all of them keep to it."
      />
      {asked ? <Approve model={model} chosen={chosen} close={() => ask(false)} /> : null}
    </>
  );
}

function chooser(
  chosen: ReadonlySet<string>,
  turn: (coefficient: string) => void,
): Column<BehaviourRow> {
  return {
    id: "choose",
    title: "",
    size: "2.2rem",
    cell: ({ coefficient, words }) => (
      <input
        type="checkbox"
        tabIndex={-1}
        aria-label={`Approve ${shown(words)}`}
        checked={chosen.has(coefficient)}
        onChange={() => turn(coefficient)}
      />
    ),
  };
}

interface ApproveProps {
  readonly model: ModelRow;
  readonly chosen: ReadonlySet<string>;
  readonly close: () => void;
}

function Approve({ model, chosen, close }: ApproveProps): JSX.Element {
  const [reason, setReason] = useState("");
  const approve = async (): Promise<void> => {
    const path = `models/${encodeURIComponent(model.digest)}/approve`;
    const made = await post<ModelRow>(path, { coefficients: [...chosen], reason });
    go(["models", made.digest, "diff"]);
  };
  return (
    <Dialog
      title={`Approve ${plural(chosen.size, "behaviour")}?`}
      act="Approve"
      close={close}
      done={approve}
    >
      <p>
        Version {count(model.version)} of {shown(model.name)} with{" "}
        {chosen.size === 1 ? "it" : "them"} is a new version, signed by the fleet.
      </p>
      <Field name="Reason" note="Recorded with your name.">
        <input required value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </Field>
    </Dialog>
  );
}
