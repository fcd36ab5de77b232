// SPDX-License-Identifier: Apache-2.0
// Tokens with which hosts join.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, remove } from "../api/client.ts";
import { useList } from "../api/hooks.ts";
import type { EnrolTokenMade, EnrolTokenRow } from "../api/types.ts";
import { Trouble } from "../parts/bits.tsx";
import { Dialog, Field } from "../parts/dialog.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { count, labelsText, moment, shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";
import { ToldOnce } from "../parts/told-once.tsx";

const ROWS = 10;
const HOURS = 24;
const SECONDS = 3_600;

export function EnrolTokens(): JSX.Element {
  const listed = useList<EnrolTokenRow>("enrol-tokens", {}, ["host"]);
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<EnrolTokenMade | undefined>(undefined);
  const [refused, setRefused] = useState<unknown>(undefined);
  const revoke = (id: string): void => {
    setRefused(undefined);
    remove(`enrol-tokens/${encodeURIComponent(id)}`).then(
      () => listed.source.refresh(),
      setRefused,
    );
  };
  return (
    <section>
      <h3>
        Tokens for hosts{" "}
        <button type="button" onClick={() => setAdding(true)}>
          New …
        </button>
      </h3>
      <Trouble error={refused} />
      {made === undefined ? null : (
        <ToldOnce
          value={`galgo fleet join ${location.origin} --token ${made.token}`}
          words="This makes a host one of the fleet. It is shown only now."
        />
      )}
      <ListTable
        label="Tokens for hosts"
        listed={listed}
        columns={columnsOf(revoke)}
        rows={ROWS}
        empty="None."
      />
      {adding ? (
        <NewToken
          close={() => setAdding(false)}
          done={(token) => {
            setMade(token);
            listed.source.refresh();
          }}
        />
      ) : null}
    </section>
  );
}

function columnsOf(revoke: (id: string) => void): readonly Column<EnrolTokenRow>[] {
  return [
    {
      id: "group",
      title: "Group",
      size: "minmax(6rem, 1fr)",
      cell: ({ group }) => <span class="cut">{shown(group)}</span>,
    },
    {
      id: "labels",
      title: "Labels",
      size: "minmax(8rem, 2fr)",
      spare: 1,
      cell: ({ labels }) => <span class="cut">{labelsText(labels)}</span>,
    },
    {
      id: "used",
      title: "Used",
      size: "7rem",
      number: true,
      cell: ({ used, uses }) => `${count(used)} of ${count(uses)}`,
    },
    {
      id: "expires",
      title: "Expires",
      size: "11rem",
      spare: 1,
      cell: ({ expires }) => moment(expires),
    },
    {
      id: "by",
      title: "By",
      size: "minmax(6rem, 1fr)",
      spare: 2,
      cell: ({ by }) => <span class="cut">{shown(by)}</span>,
    },
    {
      id: "revoke",
      title: "",
      size: "6rem",
      cell: ({ id, revoked, used, uses }) =>
        revoked !== undefined || used >= uses ? (
          <span class="muted">{revoked === undefined ? "used up" : "ended"}</span>
        ) : (
          <button type="button" class="link bad-text" onClick={() => revoke(id)}>
            End
          </button>
        ),
    },
  ];
}

interface NewTokenProps {
  readonly close: () => void;
  readonly done: (made: EnrolTokenMade) => void;
}

function NewToken({ close, done }: NewTokenProps): JSX.Element {
  const [uses, setUses] = useState(1);
  const [hours, setHours] = useState(HOURS);
  const [group, setGroup] = useState("");
  const [labels, setLabels] = useState("");
  const make = async (): Promise<void> => {
    const pairs = labels
      .split(/[\s,]+/)
      .filter((one) => one !== "")
      .map((one) => one.split("=", 2));
    const wanted = Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value]));
    done(
      await post<EnrolTokenMade>("enrol-tokens", {
        uses,
        seconds: hours * SECONDS,
        labels: wanted,
        ...(group === "" ? {} : { group }),
      }),
    );
  };
  return (
    <Dialog title="New token for hosts" act="Make" close={close} done={make}>
      <Field name="Hosts that may join with it">
        <input
          type="number"
          min={1}
          required
          value={uses}
          onInput={(event) => setUses(event.currentTarget.valueAsNumber)}
        />
      </Field>
      <Field name="Hours until it expires">
        <input
          type="number"
          min={1}
          required
          value={hours}
          onInput={(event) => setHours(event.currentTarget.valueAsNumber)}
        />
      </Field>
      <Field name="Group">
        <input value={group} onInput={(event) => setGroup(event.currentTarget.value)} />
      </Field>
      <Field name="Labels" note="name=value, several with blanks between them">
        <input value={labels} onInput={(event) => setLabels(event.currentTarget.value)} />
      </Field>
    </Dialog>
  );
}
