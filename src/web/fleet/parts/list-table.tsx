// SPDX-License-Identifier: Apache-2.0
// A list of the server as a table: its order is a choice in the address.
import type { ComponentChildren, JSX } from "preact";
import type { Listed } from "../api/hooks.ts";
import { useChoices } from "../place.ts";
import { Trouble } from "./bits.tsx";
import { type Column, Table } from "./table.tsx";

export interface ListTableProps<T> {
  readonly label: string;
  readonly listed: Listed<T>;
  readonly columns: readonly Column<T>[];
  readonly open?: (row: T) => void;
  readonly active?: (row: T) => void;
  readonly classOf?: (row: T) => string;
  readonly empty: ComponentChildren;
  readonly rows?: number;
  /** The order when none was chosen. */
  readonly sort?: string;
}

export function ListTable<T>({ listed, sort, ...rest }: ListTableProps<T>): JSX.Element {
  const [choices, choose] = useChoices();
  const { source, version } = listed;
  const sorted = choices["sort"] ?? sort;
  return (
    <>
      <Trouble error={source.error} again={() => source.refresh()} />
      <Table
        source={source}
        version={version}
        sortBy={(wanted) => choose({ sort: wanted })}
        {...(sorted === undefined ? {} : { sort: sorted })}
        {...rest}
      />
    </>
  );
}
