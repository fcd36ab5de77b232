// SPDX-License-Identifier: Apache-2.0
// One violation with its why: who did what, what became of it, what is allowed nearby, where else it was met.
import type { JSX } from "preact";
import { useFetched } from "../api/hooks.ts";
import type { ViolationDetail } from "../api/types.ts";
import { Decision, programsOf } from "../columns.tsx";
import { Chain, Copyable, Facts, Go, Head, Trouble } from "../parts/bits.tsx";
import { eventMembers } from "../parts/event-members.ts";
import { count, moment, plural, shown } from "../parts/shown.ts";

const DECISION_WORDS: Readonly<Record<ViolationDetail["decision"], string>> = {
  denied: "The call was refused, and the process is untrusted from then on.",
  killed: "The whole workload was killed.",
  observed: "It was only recorded; nothing was refused.",
};

export function ViolationPage({ id }: { id: string }): JSX.Element {
  return (
    <>
      <Head title="Violation" note={<Go to={["violations"]}>Violations</Go>} />
      <ViolationCard id={id} />
    </>
  );
}

export function ViolationCard({ id }: { id: string }): JSX.Element {
  const path = `violations/${encodeURIComponent(id)}`;
  const { data, error, reload } = useFetched<ViolationDetail>(path);
  if (data === undefined) return <Trouble error={error} again={reload} />;
  return (
    <article class="card">
      <div class="card-head">
        <Decision decision={data.decision} />
        <strong class="mono said">{shown(data.words)}</strong>
      </div>
      <div class="card-body">
        <ViolationFacts of={data} />
        <Why words={data.why} />
        <Elsewhere of={data} />
        <EventPart record={data.record} hook={data.hook} />
      </div>
    </article>
  );
}

function ViolationFacts({ of }: { of: ViolationDetail }): JSX.Element {
  const {
    chain,
    decision,
    heldUs,
    workload,
    name,
    host,
    hostName,
    at,
    number,
    coefficient,
    model,
  } = of;
  const waited =
    heldUs === undefined
      ? "It was found out afterwards."
      : `The task waited ${count(heldUs)} µs for the decision.`;
  return (
    <Facts
      of={[
        ["Who", <Chain key="who" programs={programsOf(chain)} />],
        ["Outcome", `${DECISION_WORDS[decision]} ${waited}`],
        [
          "Workload",
          <>
            <Go to={["workloads", workload]}>{shown(name)}</Go> on{" "}
            <Go to={["hosts", host]}>{shown(hostName)}</Go>
          </>,
        ],
        ["When", moment(at)],
        ["Number", `${count(number)} of its run`],
        [
          "Model",
          model === undefined || model === "" ? (
            ""
          ) : (
            <Go to={["models", model]}>
              <code class="digest">{model}</code>
            </Go>
          ),
        ],
        [
          "Coefficient",
          coefficient === undefined ? "" : <Copyable value={coefficient} name="the coefficient" />,
        ],
      ]}
    />
  );
}

/** The words of `galgo why`, as the host has found them. */
function Why({ words }: { words: string }): JSX.Element | null {
  if (words === "") return null;
  return (
    <section>
      <h4>Why it is outside of the model</h4>
      <ul class="why-words">
        {words.split("\n").map((line, at) => (
          // lines have no name of their own
          <li key={at}>{shown(line)}</li>
        ))}
      </ul>
    </section>
  );
}

function Elsewhere({ of: { also, coefficient } }: { of: ViolationDetail }): JSX.Element | null {
  if (coefficient === undefined) return null;
  const words =
    also.workloads <= 1
      ? "Only this workload has done it."
      : `${plural(also.workloads, "workload")} on ${plural(also.hosts, "host")} have done it, the first one on ${moment(also.first)}.`;
  return (
    <section>
      <h4>Elsewhere</h4>
      <p>
        {words} <Go to={["behaviours", coefficient]}>Where?</Go>
      </p>
    </section>
  );
}

function EventPart({
  record,
  hook,
}: {
  record: string | undefined;
  hook: string;
}): JSX.Element | null {
  const members = record === undefined ? [] : eventMembers(record);
  if (members.length === 0) return null;
  return (
    <details class="event">
      <summary>The event, member by member ({shown(hook)})</summary>
      <table class="plain">
        <tbody>
          {members.map(([field, value]) => (
            <tr key={field}>
              <th scope="row" class="mono">
                {shown(field)}
              </th>
              <td class="mono">{shown(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
