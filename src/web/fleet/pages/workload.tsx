// SPDX-License-Identifier: Apache-2.0
// One workload: what is known of it, its processes over time, its violations and behaviours.
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { processesView } from "../../report/processes.ts";
import { useEach, useFetched, useList } from "../api/hooks.ts";
import type { BehaviourRow, ProcessesAnswer, ViolationRow, WorkloadRow } from "../api/types.ts";
import { BEHAVIOUR_COLUMNS, Mode, VIOLATION_COLUMNS } from "../columns.tsx";
import { Copyable, Facts, Go, Head, StateName, Trouble } from "../parts/bits.tsx";
import { SearchField } from "../parts/filters.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { Native } from "../parts/native.tsx";
import { Orders } from "../parts/orders.tsx";
import { PartTabs } from "../parts/part-tabs.tsx";
import { treeData } from "../parts/process-tree.ts";
import { count, labelsText, moment, plural, shown } from "../parts/shown.ts";
import { go, useChoices } from "../place.ts";

export function WorkloadPage({ id, part }: { id: string; part: string }): JSX.Element {
  const path = `workloads/${encodeURIComponent(id)}`;
  const { data: workload, error, reload } = useFetched<WorkloadRow>(path);
  useEach<WorkloadRow>("workload", (row) => {
    if (row.id === id) reload();
  });
  if (workload === undefined) return <Trouble error={error} again={reload} />;
  const { name, host, hostName, run, status } = workload;
  return (
    <>
      <Head
        title={shown(name)}
        note={
          <>
            on <Go to={["hosts", host]}>{shown(hostName)}</Go>, {status}
          </>
        }
      >
        {status === "running" || status === "starting" ? (
          <Orders
            what={`${shown(name)} on ${shown(hostName)}`}
            target={{ hosts: [host], select: { workloads: [run] } }}
            kinds={["seal", "enforce", "detect", "attest", "kill"]}
          />
        ) : null}
      </Head>
      <PartTabs
        at={["workloads", id]}
        part={part}
        parts={[
          ["", "Facts", () => <WorkloadFacts of={workload} />],
          ["processes", "Processes", () => <Processes path={path} />],
          [
            "violations",
            `Violations ${count(workload.violations)}`,
            () => <Violations path={path} />,
          ],
          ["behaviours", "Behaviours", () => <Behaviours path={path} />],
        ]}
      />
    </>
  );
}

function WorkloadFacts({ of }: { of: WorkloadRow }): JSX.Element {
  const { state, outlier, model, modelName, measurement, image, labels, started, ended, lost } = of;
  const counts = [
    plural(of.events, "event"),
    plural(of.points, "behaviour"),
    plural(of.violations, "violation"),
    `${count(of.refused)} refused`,
  ];
  return (
    <Facts
      of={[
        [
          "State",
          state === "" ? (
            ""
          ) : (
            <Go to={["states", state]}>
              <StateName state={state} outlier={outlier} />{" "}
              {outlier ? "differs from most of its kind: by what?" : ""}
            </Go>
          ),
        ],
        ["Mode", <Mode key="mode" of={of} />],
        [
          "Model",
          model === "" ? (
            "none"
          ) : (
            <Go to={["models", model]}>
              {shown(modelName)} <code>{model.slice(0, 12)}</code>
            </Go>
          ),
        ],
        ["Counts", counts.join(", ")],
        ["Lost", lost === 0 ? "" : <strong class="bad-text">{plural(lost, "event")}</strong>],
        ["Sensor", shown(of.sensor)],
        ["Image", shown(image)],
        ["Labels", labelsText(labels)],
        ["Started", moment(started)],
        ["Ended", ended === undefined ? "" : moment(ended)],
        [
          "Measurement",
          measurement === "" ? "" : <Copyable value={measurement} name="the measurement" />,
        ],
        ["Whole state", state === "" ? "" : <Copyable value={state} name="the state" />],
        ["Run", <Copyable key="run" value={of.run} name="the run" />],
      ]}
    />
  );
}

function Processes({ path }: { path: string }): JSX.Element {
  const { data, error, reload } = useFetched<ProcessesAnswer>(`${path}/processes`);
  const tree = useMemo(() => (data === undefined ? undefined : treeData(data)), [data]);
  if (data === undefined || tree === undefined) return <Trouble error={error} again={reload} />;
  const open = (index: number): void => {
    const violation = data.violations[index];
    if (violation !== undefined) go(["violations", violation.id]);
  };
  const many = plural(tree.processes.rows.length, "process", "processes");
  const intro = `${many}. A bar reaches to the end of a process, or to the last news of any.`;
  return (
    <>
      {data.cut ? <p class="muted">Only the first ones: the host has told of more.</p> : null}
      <Native of={data} make={() => processesView(tree, open, intro).element} />
    </>
  );
}

function Violations({ path }: { path: string }): JSX.Element {
  const [choices] = useChoices();
  const { sort = "-at" } = choices;
  const listed = useList<ViolationRow>(`${path}/violations`, { ...choices, sort }, ["violation"]);
  return (
    <>
      <div class="tools">
        <SearchField label="Words or program" />
      </div>
      <ListTable
        label="Violations of this workload"
        listed={listed}
        sort={sort}
        columns={VIOLATION_COLUMNS.filter(({ id }) => id !== "name" && id !== "host")}
        open={(row) => go(["violations", row.id])}
        empty="None: it keeps to its model."
      />
    </>
  );
}

function Behaviours({ path }: { path: string }): JSX.Element {
  const [choices] = useChoices();
  const listed = useList<BehaviourRow>(`${path}/behaviours`, choices);
  return (
    <>
      <div class="tools">
        <SearchField label="Words or program" />
      </div>
      <ListTable
        label="Behaviours of this workload"
        listed={listed}
        columns={BEHAVIOUR_COLUMNS}
        open={(row) => go(["behaviours", row.coefficient])}
        empty="Its host has not told of any."
      />
    </>
  );
}
