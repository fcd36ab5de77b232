// SPDX-License-Identifier: Apache-2.0
// Columns of the lists, and words of what stands in them, where several pages show the same.
import type { JSX } from "preact";
import type { BehaviourRow, HostRow, ViolationRow, WorkloadRow } from "./api/types.ts";
import { Ago, Go, Pill, StateName, type Tone } from "./parts/bits.tsx";
import { brief, count, labelsText, moment, short, shown } from "./parts/shown.ts";
import type { Column } from "./parts/table.tsx";

const MODE_TONES: Readonly<Record<WorkloadRow["mode"], Tone>> = {
  enforce: "good",
  detect: "warn",
  free: "plain",
};

/** "enforce", "detect", "free"; whether the model is sealed. */
export function Mode({ of: { mode, sealed } }: { of: WorkloadRow }): JSX.Element {
  return (
    <>
      <Pill tone={MODE_TONES[mode]}>{mode}</Pill>
      {sealed ? null : (
        <span class="muted" title="Its model is not sealed: it learns.">
          {" "}
          learns
        </span>
      )}
    </>
  );
}

const HOST_TONES: Readonly<Record<HostRow["status"], Tone>> = {
  connected: "good",
  late: "warn",
  gone: "bad",
  revoked: "plain",
};

export function HostStatus({ status }: { status: HostRow["status"] }): JSX.Element {
  return <Pill tone={HOST_TONES[status]}>{status}</Pill>;
}

const DECISION_TONES: Readonly<Record<ViolationRow["decision"], Tone>> = {
  denied: "bad",
  killed: "bad",
  observed: "warn",
};

export function Decision({ decision }: { decision: ViolationRow["decision"] }): JSX.Element {
  return <Pill tone={DECISION_TONES[decision]}>{decision}</Pill>;
}

/** A number that is bad when it is not 0. */
function Bad({ value }: { value: number }): JSX.Element {
  return value === 0 ? (
    <span class="muted">0</span>
  ) : (
    <strong class="bad-text">{count(value)}</strong>
  );
}

/** Programs; those that no record tells of have a sign of their own. */
export function programsOf(chain: readonly (string | null)[]): readonly string[] {
  return chain.map((program) => program ?? "?");
}

/** The program that acts, as far as it is known. */
export function actorOf(program: string | undefined, chain: readonly (string | null)[]): string {
  return shown(program ?? chain.findLast((one) => one !== null) ?? "an unknown program");
}

export const WORKLOAD_COLUMNS: readonly Column<WorkloadRow>[] = [
  {
    id: "name",
    title: "Workload",
    size: "minmax(9rem, 1.6fr)",
    sort: "name",
    cell: ({ id, name, hostName, mode }) => (
      <>
        <Go to={["workloads", id]} class="cut strong">
          {shown(name)}
        </Go>
        <span class="under">
          {mode}, {shown(hostName)}
        </span>
      </>
    ),
  },
  {
    id: "host",
    title: "Host",
    size: "minmax(7rem, 1.5fr)",
    spare: 1,
    sort: "host",
    cell: ({ host, hostName }) => (
      <Go to={["hosts", host]} class="cut">
        {shown(hostName)}
      </Go>
    ),
  },
  {
    id: "state",
    title: "State",
    size: "9.5rem",
    sort: "state",
    cell: ({ state, outlier }) => (
      <Go to={["states", state]}>
        <StateName state={state} outlier={outlier} />
      </Go>
    ),
  },
  {
    id: "model",
    title: "Model",
    size: "minmax(7rem, 1fr)",
    spare: 2,
    sort: "model",
    cell: ({ model, modelName }) =>
      model === "" ? (
        <span class="muted">none</span>
      ) : (
        <Go to={["models", model]} class="cut" title={model}>
          {shown(modelName)}
        </Go>
      ),
  },
  {
    id: "mode",
    title: "Mode",
    size: "8rem",
    spare: 1,
    sort: "mode",
    cell: (row) => <Mode of={row} />,
  },
  { id: "status", title: "Status", size: "6rem", spare: 1, cell: ({ status }) => status },
  {
    id: "violations",
    title: "Violations",
    size: "6.5rem",
    number: true,
    spare: 1,
    sort: "violations",
    cell: ({ violations }) => <Bad value={violations} />,
  },
  {
    id: "events",
    title: "Events",
    size: "6rem",
    number: true,
    spare: 2,
    cell: ({ events }) => brief(events),
  },
  {
    id: "started",
    title: "Started",
    size: "6rem",
    number: true,
    spare: 2,
    sort: "started",
    cell: ({ started }) => <Ago at={started} />,
  },
];

export const HOST_COLUMNS: readonly Column<HostRow>[] = [
  {
    id: "name",
    title: "Host",
    size: "minmax(7.5rem, 1.6fr)",
    sort: "name",
    cell: ({ id, name }) => (
      <Go to={["hosts", id]} class="cut strong">
        {shown(name)}
      </Go>
    ),
  },
  {
    id: "status",
    title: "Status",
    size: "6.2rem",
    sort: "status",
    cell: ({ status }) => <HostStatus status={status} />,
  },
  {
    id: "seen",
    title: "Last seen",
    size: "4.8rem",
    number: true,
    sort: "seen",
    cell: ({ lastSeen }) => <Ago at={lastSeen} />,
  },
  {
    id: "group",
    title: "Group",
    size: "minmax(5rem, 0.8fr)",
    spare: 1,
    sort: "group",
    cell: ({ group }) => <span class="cut">{shown(group)}</span>,
  },
  {
    id: "labels",
    title: "Labels",
    size: "minmax(8rem, 1.4fr)",
    spare: 2,
    cell: ({ labels }) => <span class="cut muted">{labelsText(labels)}</span>,
  },
  {
    id: "workloads",
    title: "Workloads",
    size: "6.5rem",
    number: true,
    spare: 1,
    sort: "workloads",
    cell: ({ workloads }) => count(workloads),
  },
  {
    id: "violations",
    title: "Violations",
    size: "6.5rem",
    number: true,
    sort: "violations",
    spare: 1,
    cell: ({ violations }) => <Bad value={violations} />,
  },
  {
    id: "dropped",
    title: "Dropped",
    size: "6rem",
    number: true,
    spare: 2,
    cell: ({ dropped }) => <Bad value={dropped} />,
  },
];

export const VIOLATION_COLUMNS: readonly Column<ViolationRow>[] = [
  {
    id: "at",
    title: "When",
    size: "5.5rem",
    spare: 1,
    sort: "at",
    cell: ({ at }) => (
      <span title={moment(at)}>
        <Ago at={at} />
      </span>
    ),
  },
  {
    id: "decision",
    title: "Decision",
    size: "6.5rem",
    cell: ({ decision }) => <Decision decision={decision} />,
  },
  {
    id: "what",
    title: "What",
    size: "minmax(12rem, 3fr)",
    cell: ({ words, chain, program, name, hostName, at }) => (
      <>
        <span class="cut what" title={shown(words)}>
          <strong class="mono">{actorOf(program, chain)}</strong>{" "}
          <span class="mono">{shown(words)}</span>
        </span>
        <span class="under">
          <Ago at={at} />, {shown(name)} on {shown(hostName)}
        </span>
      </>
    ),
  },
  {
    id: "name",
    title: "Workload",
    size: "minmax(7rem, 1fr)",
    spare: 1,
    cell: ({ workload, name }) => (
      <Go to={["workloads", workload]} class="cut">
        {shown(name)}
      </Go>
    ),
  },
  {
    id: "host",
    title: "Host",
    size: "minmax(6rem, 0.9fr)",
    spare: 1,
    cell: ({ host, hostName }) => (
      <Go to={["hosts", host]} class="cut">
        {shown(hostName)}
      </Go>
    ),
  },
];

export const BEHAVIOUR_COLUMNS: readonly Column<BehaviourRow>[] = [
  {
    id: "words",
    title: "Behaviour",
    size: "minmax(12rem, 2.4fr)",
    cell: ({ words, coefficient }) => (
      <Go to={["behaviours", coefficient]} class="cut mono" title={words}>
        {words === "" ? short(coefficient) : shown(words)}
      </Go>
    ),
  },
  {
    id: "chain",
    title: "By",
    size: "minmax(8rem, 1.4fr)",
    spare: 1,
    cell: ({ program }) => <span class="cut mono">{shown(program)}</span>,
  },
  {
    id: "hook",
    title: "Hook",
    size: "9rem",
    spare: 2,
    cell: ({ hook }) => <code>{shown(hook)}</code>,
  },
  {
    id: "workloads",
    title: "Workloads",
    size: "6.5rem",
    number: true,
    spare: 1,
    cell: ({ workloads }) => count(workloads),
  },
];
