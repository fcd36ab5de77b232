// SPDX-License-Identifier: Apache-2.0
// All workloads of the fleet.
import type { JSX } from "preact";
import { useEach, useList } from "../api/hooks.ts";
import type { WorkloadRow } from "../api/types.ts";
import { WORKLOAD_COLUMNS } from "../columns.tsx";
import { Head } from "../parts/bits.tsx";
import { ChoiceField, GivenChoice, SearchField, ToggleField } from "../parts/filters.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { plural, short } from "../parts/shown.ts";
import { go, useChoices } from "../place.ts";

const MODES = [
  ["enforce", "enforced"],
  ["detect", "detect"],
  ["free", "free"],
] as const;
const STATUSES = [
  ["running", "running"],
  ["ended", "ended"],
  ["failed", "failed"],
] as const;

export function WorkloadsPage(): JSX.Element {
  const [choices] = useChoices();
  const listed = useList<WorkloadRow>("workloads", choices);
  useEach<WorkloadRow>("workload", (row) => {
    listed.source.replace(({ id }) => id === row.id, row);
  });
  const { total } = listed.source;
  return (
    <>
      <Head title="Workloads" note={total === undefined ? "…" : plural(total, "workload")} />
      <div class="tools">
        <SearchField label="Name, host, image or label" />
        <ChoiceField label="Mode" name="mode" options={MODES} />
        <ChoiceField label="Status" name="status" options={STATUSES} />
        <ToggleField label="Outliers only" name="outlier" />
        <GivenChoice name="state" words={`State ${short(choices["state"] ?? "")}`} />
        <GivenChoice name="model" words={`Model ${short(choices["model"] ?? "")}`} />
        <GivenChoice name="host" words={`Host ${choices["host"] ?? ""}`} />
      </div>
      <ListTable
        label="Workloads"
        listed={listed}
        columns={WORKLOAD_COLUMNS}
        open={({ id }) => go(["workloads", id])}
        classOf={({ outlier }) => (outlier ? "outlier" : "")}
        empty="No workload is like that."
      />
    </>
  );
}
