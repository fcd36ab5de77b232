// SPDX-License-Identifier: Apache-2.0
// One state: who has it, and by which behaviours it differs from that of most others of its kind.
import type { JSX } from "preact";
import { useList, useFetched } from "../api/hooks.ts";
import type { BehaviourRow, StateDetail, WorkloadRow } from "../api/types.ts";
import { WORKLOAD_COLUMNS } from "../columns.tsx";
import { Ago, Copyable, Facts, Go, Head, StateName, Trouble } from "../parts/bits.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { count, plural, short, shown } from "../parts/shown.ts";
import { go } from "../place.ts";

export function StatePage({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useFetched<StateDetail>(`states/${encodeURIComponent(id)}`, [
    "summary",
  ]);
  if (data === undefined) return <Trouble error={error} again={reload} />;
  const { group, majority } = data;
  return (
    <>
      <Head
        title={<StateName state={group.state} outlier={group.outlier} />}
        note={`${shown(group.name)}: ${plural(group.count, "workload")} on ${plural(group.hosts, "host")}`}
      />
      <Facts
        of={[
          ["State", <Copyable key="state" value={group.state} name="the state" />],
          [
            "Model",
            group.model === "" ? (
              "none"
            ) : (
              <Go to={["models", group.model]}>
                <code class="digest">{group.model}</code>
              </Go>
            ),
          ],
          [
            "First seen",
            <span key="first">
              <Ago at={group.first} /> ago
            </span>,
          ],
          [
            "Violations",
            group.violations === 0 ? (
              ""
            ) : (
              <strong class="bad-text">{count(group.violations)}</strong>
            ),
          ],
          ["Most others", majority === undefined ? "" : <Most key="most" of={majority} />],
        ]}
      />
      <Differences of={data} />
      <h3>Workloads in this state</h3>
      <StateWorkloads id={id} />
    </>
  );
}

function Most({ of: { state, count: size } }: { of: StateDetail["group"] }): JSX.Element {
  return (
    <>
      <Go to={["states", state]}>
        <StateName state={state} />
      </Go>{" "}
      ({plural(size, "workload")})
    </>
  );
}

function Differences({ of }: { of: StateDetail }): JSX.Element {
  const { majority, more, less, moreTotal, lessTotal, known, violated } = of;
  const most = majority === undefined || majority.state === of.group.state;
  return (
    <section class="diff">
      {most ? <p class="intro">This is the state that most of its kind have.</p> : null}
      {most ? null : <h3>Behaviours that make it differ</h3>}
      {known ? null : (
        <p class="muted">The hosts have not told yet what is in both states; they are asked.</p>
      )}
      <Behaviours sign="+" title="Done here, not by most others" rows={more} total={moreTotal} />
      <Behaviours sign="−" title="Done by most others, not here" rows={less} total={lessTotal} />
      <Behaviours
        sign="+"
        title="Outside of the model, by workloads in this state"
        rows={violated}
        total={violated.length}
      />
    </section>
  );
}

interface BehavioursProps {
  readonly sign: "+" | "−";
  readonly title: string;
  readonly rows: readonly BehaviourRow[];
  readonly total: number;
}

function Behaviours({ sign, title, rows, total }: BehavioursProps): JSX.Element | null {
  if (total === 0) return null;
  return (
    <section>
      <h4>
        {title}: {count(total)}
      </h4>
      <ul class={`changes ${sign === "+" ? "plus" : "minus"}`}>
        {rows.map(({ coefficient, words, program }) => (
          <li key={coefficient}>
            <span class="sign">{sign}</span>
            <Go to={["behaviours", coefficient]} class="mono words">
              {words === "" ? short(coefficient) : shown(words)}
            </Go>
            <span class="by mono">{shown(program)}</span>
          </li>
        ))}
      </ul>
      {total > rows.length ? <p class="muted">and {count(total - rows.length)} more</p> : null}
    </section>
  );
}

function StateWorkloads({ id }: { id: string }): JSX.Element {
  const listed = useList<WorkloadRow>("workloads", { state: id }, ["summary"]);
  return (
    <ListTable
      label="Workloads in this state"
      listed={listed}
      columns={WORKLOAD_COLUMNS.filter((column) => column.id !== "state")}
      open={(row) => go(["workloads", row.id])}
      empty="None any more."
    />
  );
}
