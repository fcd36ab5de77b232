// SPDX-License-Identifier: Apache-2.0
// The fleet at a glance: how many states there are, which of them are outliers, what happens right now.
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useEach, useFetched } from "../api/hooks.ts";
import type { Rows, StateGroup, Summary, ViolationRow } from "../api/types.ts";
import { actorOf, Decision } from "../columns.tsx";
import { Ago, Copyable, Go, Head, StateName, Trouble } from "../parts/bits.tsx";
import { Chart } from "../parts/chart.tsx";
import { type FleetGroup, fleetGroups } from "../parts/groups.ts";
import { count, plural, short, shown } from "../parts/shown.ts";

/** Groups that are drawn; the list of workloads has all of them. */
const MAX_GROUPS = 200;
const LATEST = 12;

export function OverviewPage(): JSX.Element {
  const { data, error, reload } = useFetched<Summary>("summary");
  const [told, tell] = useState<Summary | undefined>(undefined);
  useEach<Summary>("summary", tell);
  // what was asked for after a gap in the news is newer than what was told before it
  const summary = told === undefined || (data?.at ?? 0) > told.at ? data : told;
  if (summary === undefined) return <Trouble error={error} again={reload} />;
  return (
    <>
      <Head title={titleOf(summary)} note={noteOf(summary)} />
      {summary.hosts.total === 0 ? <Begin /> : <Tiles summary={summary} />}
      <div class="overview">
        {summary.states.length === 0 ? (
          <NoStates hosts={summary.hosts.total} />
        ) : (
          <States states={summary.states} />
        )}
        <aside>
          <h3>Violations in the last hour</h3>
          <Chart
            label={`${plural(summary.violations.hour, "violation")} in the last hour`}
            series={summary.violations.series}
          />
          <Latest />
        </aside>
      </div>
    </>
  );
}

function titleOf({ hosts, workloads, distinct }: Summary): string {
  if (hosts.total === 0) return "No hosts yet";
  if (workloads.total === 0) return "Nothing runs now";
  return `${plural(workloads.total, "workload")}, ${plural(distinct, "state")}`;
}

function noteOf({ states, hosts, workloads, violations }: Summary): string {
  if (hosts.total === 0) return "";
  if (workloads.total === 0) {
    const before = violations.day === 0 ? "" : ` ${plural(violations.day, "violation")} in a day.`;
    return `${plural(hosts.total, "host")}, and no workload under Galgo.${before}`;
  }
  const outside = states.reduce((sum, { outlier, count: size }) => sum + (outlier ? size : 0), 0);
  const stale =
    workloads.stale === 0 ? "" : `; ${plural(workloads.stale, "workload")} not heard of lately`;
  if (outside === 0) return `All of them are as others of their kind are${stale}.`;
  return `${plural(outside, "workload differs", "workloads differ")} from others of their kind${stale}.`;
}

/** How a fleet begins. */
function Begin(): JSX.Element {
  const steps: readonly (readonly [words: string, command: string])[] = [
    ["Here, on the server, make a token for a host", "galgo fleet token"],
    ["On the host, join with it", `galgo fleet join ${location.origin} --token TOKEN`],
    ["There, run something under its model", "galgo run --enforce -m MODEL -- COMMAND"],
  ];
  return (
    <ol class="begin">
      {steps.map(([words, command]) => (
        <li key={command}>
          <span>{words}:</span>
          <Copyable value={command} name="the command" />
        </li>
      ))}
    </ol>
  );
}

function NoStates({ hosts }: { hosts: number }): JSX.Element {
  return (
    <section>
      <h3>By state</h3>
      <p class="muted">
        {hosts === 0
          ? "States are shown here as soon as something runs."
          : "No workload runs now. "}
        {hosts === 0 ? null : (
          <Go to={["workloads"]} choices={{ status: "ended" }}>
            Those that have ended
          </Go>
        )}
      </p>
    </section>
  );
}

function Tiles({ summary }: { summary: Summary }): JSX.Element {
  const { hosts, workloads, violations, pending } = summary;
  const tiles: readonly (readonly [value: string, words: string, to: string, bad?: boolean])[] = [
    [
      `${count(hosts.connected)} / ${count(hosts.total)}`,
      "hosts connected",
      "hosts",
      hosts.late > 0,
    ],
    [count(workloads.running), "workloads run", "workloads"],
    [count(workloads.enforcing), "enforced", "workloads?mode=enforce"],
    [
      count(workloads.outside),
      "with violations",
      "workloads?sort=-violations",
      workloads.outside > 0,
    ],
    [count(violations.hour), "violations this hour", "violations", violations.hour > 0],
    [count(pending.verdicts), "verdicts asked for", "verdicts", pending.verdicts > 0],
    [count(pending.rollouts), "roll-outs under way", "rollouts"],
  ];
  return (
    <ul class="tiles">
      {tiles.map(([value, words, to, bad]) => (
        <li key={words}>
          <a href={`#/${to}`} class={bad === true ? "bad" : ""}>
            <strong>{value}</strong>
            <span>{words}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function States({ states }: { states: readonly StateGroup[] }): JSX.Element {
  const groups = useMemo(() => fleetGroups(states), [states]);
  const most = groups.reduce((max, group) => Math.max(max, group.count), 1);
  return (
    <section>
      <h3>By state</h3>
      <p class="muted state-key">
        <i class="key" /> as most of its kind <i class="key bad" /> otherwise
      </p>
      <ul class="groups">
        {groups.slice(0, MAX_GROUPS).map((group) => (
          <Group key={group.key} group={group} most={most} />
        ))}
      </ul>
      {groups.length > MAX_GROUPS ? (
        <p class="muted">and {plural(groups.length - MAX_GROUPS, "kind")} more, without outliers</p>
      ) : null}
    </section>
  );
}

function Group({ group, most }: { group: FleetGroup; most: number }): JSX.Element {
  const { name, model, states, outside } = group;
  const outliers = states.filter(({ outlier }) => outlier).length;
  return (
    <li>
      <details open={outliers > 0}>
        <summary>
          <span class="group-name cut strong">{shown(name)}</span>
          <span class="muted group-model cut">
            {model === "" ? "no model" : <code title={model}>{short(model)}</code>}
          </span>
          <Bar group={group} most={most} />
          <span class="number">{count(group.count)}</span>
          <span class={`group-said ${outside > 0 ? "bad-text" : "muted"}`}>
            {outside > 0 ? differing(outside, outliers) : plural(states.length, "state")}
          </span>
        </summary>
        <ul class="group-states">
          {states.map((state) => (
            <StateLine key={state.state} state={state} />
          ))}
        </ul>
      </details>
    </li>
  );
}

function differing(workloads: number, states: number): string {
  if (workloads === 1) return "1 differs";
  const ways = states === 1 ? "alike" : `in ${count(states)} ways`;
  return `${count(workloads)} differ, ${ways}`;
}

function Bar({
  group: { states, count: all },
  most,
}: {
  group: FleetGroup;
  most: number;
}): JSX.Element {
  // by size, but small kinds are seen, too
  const width = 6 + 94 * Math.sqrt(all / most);
  return (
    <span class="group-bar" aria-hidden="true">
      <span style={{ width: `${width}%` }}>
        {states.map(({ state, count: size, outlier }) => (
          <i
            key={state}
            class={outlier ? "bad" : ""}
            style={{ "flex-grow": String(size) }}
            title={`${plural(size, "workload")} in ${short(state)}`}
          />
        ))}
      </span>
    </span>
  );
}

function StateLine({ state: group }: { state: StateGroup }): JSX.Element {
  const { state, outlier, count: size, hosts, violations, first } = group;
  return (
    <li class={outlier ? "outlier" : ""}>
      <Go to={["states", state]}>
        <StateName state={state} outlier={outlier} />
      </Go>
      <span>
        <Go to={["workloads"]} choices={{ state }}>
          {plural(size, "workload")}
        </Go>{" "}
        on {plural(hosts, "host")}
      </span>
      {violations > 0 ? <span class="bad-text">{plural(violations, "violation")}</span> : null}
      <span class="muted">
        first seen <Ago at={first} /> ago
      </span>
      {outlier ? (
        <Go to={["states", state]} class="why">
          What is different?
        </Go>
      ) : null}
    </li>
  );
}

function Latest(): JSX.Element {
  const { data, error } = useFetched<Rows<ViolationRow>>(
    `violations?sort=-at&offset=0&limit=${LATEST}`,
  );
  const [news, setNews] = useState<readonly ViolationRow[]>([]);
  useEach<ViolationRow>("violation", (row) =>
    setNews((before) => [row, ...before].slice(0, LATEST)),
  );
  const seen = new Set(news.map(({ id }) => id));
  const rows = [...news, ...(data?.rows ?? []).filter(({ id }) => !seen.has(id))].slice(0, LATEST);
  return (
    <section>
      <h3>
        Latest violations <Go to={["violations"]}>all</Go>
      </h3>
      <Trouble error={error} />
      <ol class="latest" aria-live="polite">
        {rows.map((row) => (
          <li key={row.id}>
            <Go to={["violations", row.id]}>
              <span class="latest-what cut mono">
                <strong>{actorOf(row.program, row.chain)}</strong> {shown(row.words)}
              </span>
              <span class="latest-where muted cut">
                <Decision decision={row.decision} /> {shown(row.name)} on {shown(row.hostName)},{" "}
                <Ago at={row.at} />
              </span>
            </Go>
          </li>
        ))}
      </ol>
      {data !== undefined && rows.length === 0 ? <p class="muted">None.</p> : null}
    </section>
  );
}
