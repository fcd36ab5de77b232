// SPDX-License-Identifier: Apache-2.0
// All roll-outs, and how far they are.
import type { JSX } from "preact";
import { useEach, useList } from "../api/hooks.ts";
import type { RolloutRow } from "../api/types.ts";
import { Ago, Go, Head, Pill, type Tone } from "../parts/bits.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { short, shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";
import { go, useChoices } from "../place.ts";

const TONES: Readonly<Record<RolloutRow["state"], Tone>> = {
  running: "plain",
  paused: "warn",
  "rolling-back": "warn",
  stopped: "bad",
  "rolled-back": "bad",
  done: "good",
};

export function RolloutState({ state }: { state: RolloutRow["state"] }): JSX.Element {
  return <Pill tone={TONES[state]}>{state}</Pill>;
}

/** What workloads get by it. */
export function whatOf({ model, mode }: RolloutRow): string {
  return mode === undefined ? `model ${short(model)}` : `mode ${mode}`;
}

const STEP_LOOKS = {
  waiting: "",
  running: "under-way",
  watching: "under-way",
  passed: "passed",
  failed: "bad",
} as const;

/** Its steps as parts of a bar, as wide as their shares are. */
export function StepBar({ steps }: { steps: RolloutRow["steps"] }): JSX.Element {
  return (
    <span class="step-bar">
      {steps.map(({ share, state, hosts, done }, at) => (
        <i
          key={share}
          class={STEP_LOOKS[state]}
          style={{ "flex-grow": String(Math.sqrt(share - (steps[at - 1]?.share ?? 0))) }}
          title={`${share} %: ${done} of ${hosts} hosts, ${state}`}
        >
          {share} %
        </i>
      ))}
    </span>
  );
}

const COLUMNS: readonly Column<RolloutRow>[] = [
  {
    id: "name",
    title: "Roll-out",
    size: "minmax(9rem, 1.4fr)",
    cell: (row) => (
      <Go to={["rollouts", row.id]} class="cut strong">
        {shown(row.name)} <span class="muted">{whatOf(row)}</span>
      </Go>
    ),
  },
  {
    id: "state",
    title: "State",
    size: "7rem",
    cell: ({ state }) => <RolloutState state={state} />,
  },
  {
    id: "steps",
    title: "Steps",
    size: "minmax(10rem, 1.6fr)",
    spare: 1,
    cell: ({ steps }) => <StepBar steps={steps} />,
  },
  {
    id: "reason",
    title: "Why it stopped",
    size: "minmax(8rem, 1.2fr)",
    spare: 2,
    cell: ({ reason }) => <span class="cut">{shown(reason)}</span>,
  },
  {
    id: "created",
    title: "Begun",
    size: "minmax(7rem, 0.7fr)",
    spare: 1,
    cell: ({ created, by }) => (
      <span class="cut">
        <Ago at={created} /> <span class="muted">by {shown(by)}</span>
      </span>
    ),
  },
];

export function RolloutsPage(): JSX.Element {
  const [choices] = useChoices();
  const listed = useList<RolloutRow>("rollouts", choices, ["rollout"]);
  useEach<RolloutRow>("rollout", (row) => {
    listed.source.replace(({ id }) => id === row.id, row);
  });
  return (
    <>
      <Head
        title="Roll-outs"
        note="In steps, each watched for a time. New violations or failed hosts stop a roll-out, and it goes back by itself. One is begun at its model."
      />
      <ListTable
        label="Roll-outs"
        listed={listed}
        columns={COLUMNS}
        open={({ id }) => go(["rollouts", id])}
        empty="None yet."
      />
    </>
  );
}
