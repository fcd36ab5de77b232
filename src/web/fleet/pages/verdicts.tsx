// SPDX-License-Identifier: Apache-2.0
// Novel behaviours that hosts have asked about: decided once, for all that run under the same model.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import { useList } from "../api/hooks.ts";
import type { VerdictOrder, VerdictRow } from "../api/types.ts";
import { actorOf, programsOf } from "../columns.tsx";
import { Ago, Chain, Go, Head, Pill } from "../parts/bits.tsx";
import { Dialog, Field } from "../parts/dialog.tsx";
import { ChoiceField, SearchField } from "../parts/filters.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { count, plural, short, shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";
import { useChoices } from "../place.ts";
import { useMay } from "../session.ts";
import { VerdictPolicy } from "./verdict-policy.tsx";

type Answer = VerdictOrder["verdict"];

interface Question {
  readonly row: VerdictRow;
  readonly answer: Answer;
}

const STATES = [["decided", "decided"]] as const;

export function VerdictsPage(): JSX.Element {
  const [choices] = useChoices();
  const listed = useList<VerdictRow>("verdicts", { state: "pending", ...choices }, ["verdict"]);
  const [question, ask] = useState<Question | undefined>(undefined);
  const may = useMay("operator");
  const { total } = listed.source;
  return (
    <>
      <Head
        title="Verdicts"
        note="What is new to its model, and a host has asked about. A verdict holds for all workloads under the same model, and is told to all hosts."
      />
      <div class="tools">
        <SearchField label="Words, workload, digest" />
        <ChoiceField label="Which" name="state" usual="asked" options={STATES} />
        <span class="muted">{total === undefined ? "" : plural(total, "question")}</span>
        <VerdictPolicy />
      </div>
      <ListTable
        label="Verdicts"
        listed={listed}
        columns={columnsOf(may, (row, answer) => ask({ row, answer }))}
        empty="Nobody has asked."
      />
      {question === undefined ? null : (
        <Decide
          question={question}
          close={() => ask(undefined)}
          done={() => listed.source.refresh()}
        />
      )}
    </>
  );
}

interface DecideProps {
  readonly question: Question;
  readonly close: () => void;
  readonly done: () => void;
}

const ASKED: Readonly<Record<Answer, readonly [title: string, act: string]>> = {
  allow: ["Allow it?", "Allow"],
  deny: ["Deny it?", "Deny"],
  kill: ["Kill what does it?", "Kill"],
  "taken back": ["Take the verdict back?", "Take back"],
};

function Decide({ question: { row, answer }, close, done }: DecideProps): JSX.Element {
  const [reason, setReason] = useState("");
  const decide = async (): Promise<void> => {
    const order = { verdict: answer, ...(reason === "" ? {} : { reason }) };
    await post(`verdicts/${encodeURIComponent(row.id)}`, order);
    done();
  };
  const [title, act] = ASKED[answer];
  return (
    <Dialog title={title} act={act} danger={answer !== "allow"} close={close} done={decide}>
      <p>
        <Chain programs={programsOf(row.chain)} />
      </p>
      <p class="mono">{shown(row.words)}</p>
      <p class="muted">
        For all workloads under model {short(row.model)}: {plural(row.workloads, "workload")} on{" "}
        {plural(row.hosts, "host")} asked.
      </p>
      <Field name="Reason" note="Recorded with your name.">
        <input value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </Field>
    </Dialog>
  );
}

function columnsOf(
  may: boolean,
  ask: (row: VerdictRow, answer: Answer) => void,
): readonly Column<VerdictRow>[] {
  return [
    {
      id: "what",
      title: "What",
      size: "minmax(12rem, 3fr)",
      cell: ({ words, chain, coefficient }) => (
        <Go to={["behaviours", coefficient]} class="cut what" title={shown(words)}>
          <strong class="mono">{actorOf(undefined, chain)}</strong>{" "}
          <span class="mono">{shown(words)}</span>
        </Go>
      ),
    },
    {
      id: "name",
      title: "Workload",
      size: "minmax(7rem, 1fr)",
      spare: 1,
      cell: ({ name }) => <span class="cut">{shown(name)}</span>,
    },
    {
      id: "model",
      title: "Model",
      size: "8.5rem",
      spare: 2,
      cell: ({ model }) => (
        <Go to={["models", model]}>
          <code>{short(model)}</code>
        </Go>
      ),
    },
    {
      id: "asked",
      title: "Asked",
      size: "5rem",
      number: true,
      spare: 1,
      cell: ({ asked }) => `${count(asked)} ×`,
    },
    {
      id: "first",
      title: "First",
      size: "5rem",
      number: true,
      spare: 1,
      cell: ({ first }) => <Ago at={first} />,
    },
    {
      id: "verdict",
      title: "Verdict",
      size: "11.5rem",
      cell: (row) => <Answers row={row} may={may} ask={ask} />,
    },
  ];
}

interface AnswersProps {
  readonly row: VerdictRow;
  readonly may: boolean;
  readonly ask: (row: VerdictRow, answer: Answer) => void;
}

function Answers({ row, may, ask }: AnswersProps): JSX.Element {
  if (row.verdict !== undefined) return <Decided row={row} may={may} ask={ask} />;
  if (!may) return <Pill tone="warn">asked</Pill>;
  return (
    <span class="group">
      <button type="button" onClick={() => ask(row, "allow")}>
        Allow
      </button>
      <button type="button" onClick={() => ask(row, "deny")}>
        Deny
      </button>
      <button type="button" onClick={() => ask(row, "kill")}>
        Kill
      </button>
    </span>
  );
}

function Decided({ row, may, ask }: AnswersProps): JSX.Element {
  const { verdict, by, reason } = row;
  return (
    <span title={[shown(by), shown(reason)].join(" ")}>
      <Pill tone={verdict === "allow" ? "good" : "bad"}>{verdict}</Pill>{" "}
      {may ? (
        <button type="button" class="link" onClick={() => ask(row, "taken back")}>
          Take back
        </button>
      ) : (
        <span class="muted">{shown(by)}</span>
      )}
    </span>
  );
}
