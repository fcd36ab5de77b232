// SPDX-License-Identifier: Apache-2.0
// One behaviour: what it is, and where it was a violation.
import type { JSX } from "preact";
import { useFetched, useList } from "../api/hooks.ts";
import type { BehaviourRow, ViolationRow } from "../api/types.ts";
import { VIOLATION_COLUMNS } from "../columns.tsx";
import { Copyable, Facts, Head, Trouble } from "../parts/bits.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { count, moment, short, shown } from "../parts/shown.ts";
import { go } from "../place.ts";

export function BehaviourPage({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useFetched<BehaviourRow>(`behaviours/${encodeURIComponent(id)}`);
  const listed = useList<ViolationRow>("violations", { coefficient: id, sort: "-at" }, [
    "violation",
  ]);
  if (data === undefined) return <Trouble error={error} again={reload} />;
  return (
    <>
      <Head
        title={
          <span class="mono">
            {data.words === "" ? short(data.coefficient) : shown(data.words)}
          </span>
        }
        note={shown(data.name)}
      />
      <Facts
        of={[
          ["Program", <code key="program">{shown(data.program)}</code>],
          ["Hook", <code key="hook">{shown(data.hook)}</code>],
          ["Workloads", count(data.workloads)],
          ["First seen", data.first === 0 ? "" : moment(data.first)],
          [
            "Coefficient",
            <Copyable key="coefficient" value={data.coefficient} name="the coefficient" />,
          ],
        ]}
      />
      <h3>Where it was a violation</h3>
      <ListTable
        label="Violations by this behaviour"
        listed={listed}
        columns={VIOLATION_COLUMNS}
        open={(row) => go(["violations", row.id])}
        empty="Nowhere."
      />
    </>
  );
}
