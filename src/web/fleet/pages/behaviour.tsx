// SPDX-License-Identifier: Apache-2.0
// One behaviour: what it is, and where it was a violation.
import type { JSX } from "preact";
import { useFetched, useList } from "../api/hooks.ts";
import type { BehaviourRow, ViolationRow } from "../api/types.ts";
import { programsOf, VIOLATION_COLUMNS } from "../columns.tsx";
import { Chain, Copyable, Facts, Head, Pill, Trouble } from "../parts/bits.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { count, moment, shown } from "../parts/shown.ts";
import { go } from "../place.ts";

export function BehaviourPage({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useFetched<BehaviourRow>(`behaviours/${encodeURIComponent(id)}`);
  const listed = useList<ViolationRow>("violations", { coefficient: id, sort: "-at" }, [
    "violation",
  ]);
  if (data === undefined) return <Trouble error={error} again={reload} />;
  const { verdict } = data;
  return (
    <>
      <Head title={<span class="mono">{shown(data.words)}</span>} note={shown(data.name)} />
      <Facts
        of={[
          ["Who", <Chain key="who" programs={programsOf(data.chain)} />],
          ["Kind", shown(data.kind)],
          ["Hook", <code key="hook">{shown(data.hook)}</code>],
          ["Workloads", count(data.workloads)],
          ["First seen", moment(data.first)],
          [
            "Verdict",
            verdict === undefined ? (
              ""
            ) : (
              <Pill tone={verdict === "allow" ? "good" : "bad"}>{verdict}</Pill>
            ),
          ],
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
