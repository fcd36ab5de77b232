// SPDX-License-Identifier: Apache-2.0
// All hosts of the fleet.
import type { JSX } from "preact";
import { useEach, useList } from "../api/hooks.ts";
import type { HostRow } from "../api/types.ts";
import { HOST_COLUMNS } from "../columns.tsx";
import { Head } from "../parts/bits.tsx";
import { ChoiceField, GivenChoice, SearchField } from "../parts/filters.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { plural } from "../parts/shown.ts";
import { go, useChoices } from "../place.ts";

const STATUSES = [
  ["connected", "connected"],
  ["late", "late"],
  ["gone", "gone"],
  ["revoked", "revoked"],
] as const;

export function HostsPage(): JSX.Element {
  const [choices] = useChoices();
  const listed = useList<HostRow>("hosts", choices);
  useEach<HostRow>("host", (row) => {
    listed.source.replace(({ id }) => id === row.id, row);
  });
  const { total } = listed.source;
  return (
    <>
      <Head title="Hosts" note={total === undefined ? "…" : plural(total, "host")} />
      <div class="tools">
        <SearchField label="Name, label or group" />
        <ChoiceField label="Status" name="status" options={STATUSES} />
        <GivenChoice name="group" words={`Group ${choices["group"] ?? ""}`} />
        <GivenChoice name="label" words={`Label ${choices["label"] ?? ""}`} />
      </div>
      <ListTable
        label="Hosts"
        listed={listed}
        columns={HOST_COLUMNS}
        open={({ id }) => go(["hosts", id])}
        classOf={({ status }) => (status === "gone" ? "outlier" : "")}
        empty="No host is like that."
      />
    </>
  );
}
