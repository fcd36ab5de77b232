// SPDX-License-Identifier: Apache-2.0
// One roll-out, step by step, and what can be done about it.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import { useFetched } from "../api/hooks.ts";
import type { RolloutRow, RolloutStepRow } from "../api/types.ts";
import { Ago, Facts, Go, Head, Trouble } from "../parts/bits.tsx";
import { count, moment, shown, span } from "../parts/shown.ts";
import { useMay } from "../session.ts";
import { RolloutState, StepBar, whatOf } from "./rollouts.tsx";

type Act = "pause" | "resume" | "rollback";

const ACTS: Readonly<Record<RolloutRow["state"], readonly Act[]>> = {
  running: ["pause", "rollback"],
  paused: ["resume", "rollback"],
  stopped: ["rollback"],
  done: ["rollback"],
  "rolling-back": [],
  "rolled-back": [],
};
const ACT_WORDS: Readonly<Record<Act, string>> = {
  pause: "Pause",
  resume: "Go on",
  rollback: "Roll back",
};

export function RolloutPage({ id }: { id: string }): JSX.Element {
  const path = `rollouts/${encodeURIComponent(id)}`;
  const { data, error, reload } = useFetched<RolloutRow>(path, ["rollout"]);
  const [refused, setRefused] = useState<unknown>(undefined);
  const may = useMay("operator");
  if (data === undefined) return <Trouble error={error} again={reload} />;
  const act = (what: Act): void => {
    setRefused(undefined);
    post(`${path}/${what}`).then(reload, setRefused);
  };
  return (
    <>
      <Head title={`Roll-out: ${shown(data.name)}`} note={<Go to={["rollouts"]}>Roll-outs</Go>}>
        {may
          ? ACTS[data.state].map((what) => (
              <button
                key={what}
                type="button"
                class={what === "rollback" ? "danger" : ""}
                onClick={() => act(what)}
              >
                {ACT_WORDS[what]}
              </button>
            ))
          : null}
      </Head>
      <Trouble error={refused} />
      <RolloutFacts of={data} />
      <StepBar steps={data.steps} />
      <Steps steps={data.steps} />
    </>
  );
}

function RolloutFacts({ of }: { of: RolloutRow }): JSX.Element {
  const { state, reason, model, created, by } = of;
  return (
    <Facts
      of={[
        ["State", <RolloutState key="state" state={state} />],
        ["Why", reason === undefined ? "" : <strong>{shown(reason)}</strong>],
        [
          "What",
          model === "" ? (
            whatOf(of)
          ) : (
            <Go to={["models", model]}>
              <code class="digest">{model}</code>
            </Go>
          ),
        ],
        ["Begun", `${moment(created)} by ${shown(by)}`],
      ]}
    />
  );
}

function Steps({ steps }: { steps: readonly RolloutStepRow[] }): JSX.Element {
  const heads = [
    "Step",
    "State",
    "Hosts",
    "Done",
    "Failed",
    "Absent",
    "New violations",
    "Begun",
    "Watched",
  ];
  return (
    <div class="wide-table">
      <table class="plain steps">
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {steps.map((step) => (
            <tr key={step.share}>
              <th scope="row">{step.share} %</th>
              <td>{step.state}</td>
              <td>{count(step.hosts)}</td>
              <td>{count(step.done)}</td>
              <td class={step.failed > 0 ? "bad-text" : ""}>{count(step.failed)}</td>
              <td>{count(step.absent)}</td>
              <td class={step.violations > 0 ? "bad-text" : ""}>{count(step.violations)}</td>
              <td>{step.started === undefined ? "" : <Ago at={step.started} />}</td>
              <td>{span(step.watchSeconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
