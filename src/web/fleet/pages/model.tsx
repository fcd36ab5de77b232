// SPDX-License-Identifier: Apache-2.0
// One model: what it is, what differs from another version, and behaviours that could be allowed in the next one.
import type { JSX } from "preact";
import { useFetched, useList } from "../api/hooks.ts";
import type { ModelDiffAnswer, ModelRow, Rows, WorkloadRow } from "../api/types.ts";
import { WORKLOAD_COLUMNS } from "../columns.tsx";
import { Copyable, Facts, Go, Head, Trouble } from "../parts/bits.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { Native } from "../parts/native.tsx";
import { PartTabs } from "../parts/part-tabs.tsx";
import { bytes, count, moment, short, shown } from "../parts/shown.ts";
import { changesView } from "../../report/diff.ts";
import { go, useChoices } from "../place.ts";
import { Approval } from "./approval.tsx";
import { StartRollout } from "./start-rollout.tsx";

/** Other versions that can be compared with. */
const VERSIONS = 200;

export function ModelPage({ id, part }: { id: string; part: string }): JSX.Element {
  const path = `models/${encodeURIComponent(id)}`;
  const { data: model, error, reload } = useFetched<ModelRow>(path);
  if (model === undefined) return <Trouble error={error} again={reload} />;
  return (
    <>
      <Head
        title={
          <>
            {shown(model.name)} <span class="muted">version {count(model.version)}</span>
          </>
        }
        note={<Go to={["models"]}>Models</Go>}
      >
        <StartRollout model={model} />
      </Head>
      <ModelFacts model={model} />
      <PartTabs
        at={["models", id]}
        part={part}
        parts={[
          ["", "To approve", () => <Approval model={model} />],
          ["diff", "Difference", () => <Difference model={model} />],
          ["workloads", "Workloads", () => <ModelWorkloads digest={id} />],
        ]}
      />
    </>
  );
}

function ModelFacts({ model }: { model: ModelRow }): JSX.Element {
  const { digest, state, behaviours, sealed, signedBy, workloads, parent, added, by, reason } =
    model;
  return (
    <Facts
      of={[
        ["Digest", <Copyable key="digest" value={digest} name="the digest" />],
        [
          "State",
          state === "" ? (
            ""
          ) : (
            <Go to={["states", state]}>
              <code class="digest">{state}</code>
            </Go>
          ),
        ],
        [
          "Behaviours",
          `${count(behaviours)}${sealed ? ", sealed" : ", not sealed"}, ${bytes(model.bytes)}`,
        ],
        ["Signed by", signedBy.map((name) => shown(name)).join(", ")],
        ["Workloads", count(workloads)],
        [
          "Made from",
          parent === undefined ? (
            ""
          ) : (
            <Go to={["models", parent]}>
              <code>{short(parent)}</code>
            </Go>
          ),
        ],
        ["Added", `${moment(added)} by ${shown(by)}`],
        ["Reason", shown(reason)],
      ]}
    />
  );
}

function Difference({ model }: { model: ModelRow }): JSX.Element {
  const [choices, choose] = useChoices();
  const others = useFetched<Rows<ModelRow>>(
    `models?q=${encodeURIComponent(model.name)}&offset=0&limit=${VERSIONS}`,
  ).data?.rows.filter(({ digest }) => digest !== model.digest);
  const other = choices["with"] ?? model.parent ?? others?.[0]?.digest;
  return (
    <>
      <div class="tools">
        <select
          aria-label="Compared with"
          value={other ?? ""}
          onChange={(event) => choose({ with: event.currentTarget.value })}
        >
          {(others ?? []).map(({ digest, name, version }) => (
            <option key={digest} value={digest}>
              {shown(name)} version {version} ({short(digest)})
            </option>
          ))}
        </select>
      </div>
      {other === undefined ? (
        <p class="muted">There is no other version to compare it with.</p>
      ) : (
        <Compared digest={model.digest} other={other} />
      )}
    </>
  );
}

function Compared({ digest, other }: { digest: string; other: string }): JSX.Element {
  const path = `models/${encodeURIComponent(digest)}/diff?with=${encodeURIComponent(other)}`;
  const { data, error, reload } = useFetched<ModelDiffAnswer>(path);
  if (data === undefined) return <Trouble error={error} again={reload} />;
  return <Native of={data} make={() => changesView(data.kinds, data.diff)} />;
}

function ModelWorkloads({ digest }: { digest: string }): JSX.Element {
  const listed = useList<WorkloadRow>("workloads", { model: digest }, ["summary"]);
  return (
    <ListTable
      label="Workloads under this model"
      listed={listed}
      columns={WORKLOAD_COLUMNS.filter((column) => column.id !== "model")}
      open={(row) => go(["workloads", row.id])}
      classOf={({ outlier }) => (outlier ? "outlier" : "")}
      empty="Nothing runs under it."
    />
  );
}
