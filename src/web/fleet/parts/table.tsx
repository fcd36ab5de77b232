// SPDX-License-Identifier: Apache-2.0
// A table of any length: a head that stays, rows of one height of which only those in sight are in the document, walked through by keyboard.
import { Component, type ComponentChildren, createRef, type JSX } from "preact";
import type { RowSource } from "./pages-of-rows.ts";
import { count } from "./shown.ts";

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  /** Width, as a track of a grid: "8rem", "minmax(8rem, 2fr)". */
  readonly size: string;
  readonly cell: (row: T) => ComponentChildren;
  /** Field that the server sorts by; absent: it can not be sorted by this. */
  readonly sort?: string;
  /** Numbers stand on the right. */
  readonly number?: boolean;
  /** 1: left out on narrow screens; 2: shown on wide ones only. */
  readonly spare?: 1 | 2;
}

export interface TableProps<T> {
  /** Accessible name. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly source: RowSource<T>;
  /** Changes when the source has other rows to show. */
  readonly version: number;
  /** A row is opened, by Enter or a click. */
  readonly open?: (row: T) => void;
  /** A row became the active one. */
  readonly active?: (row: T) => void;
  readonly classOf?: (row: T) => string;
  /** "-at": by `at`, largest first. */
  readonly sort?: string;
  readonly sortBy?: (sort: string) => void;
  /** Instead of rows when there are none. */
  readonly empty: ComponentChildren;
  /** Rows that it is high at most; absent: as high as there is room. */
  readonly rows?: number;
}

interface State {
  readonly first: number;
  readonly last: number;
  readonly active: number;
  readonly columns: number;
}

/** Rows beyond both ends of what is in sight. */
const SPARE = 12;
/** Browsers know no higher elements than so many rows; the rest is reached by narrowing the list down. */
const MAX_ROWS = 400_000;
const NARROW_PX = 640;
const WIDE_PX = 1_080;
/** A list that flies by asks for nothing: only where it stays so long (ms). */
const LOOK_MS = 40;

let serial = 0;

export class Table<T> extends Component<TableProps<T>, State> {
  override state: State = { first: 0, last: 40, active: -1, columns: 2 };
  readonly #box = createRef<HTMLDivElement>();
  readonly #id = `table${++serial}`;
  #watch: ResizeObserver | undefined;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #height = 30;

  override componentDidMount(): void {
    const box = this.#box.current;
    if (box === null) return;
    this.#watch = new ResizeObserver(() => this.#measure(box));
    this.#watch.observe(box);
    this.#measure(box);
  }

  override componentDidUpdate(before: TableProps<T>, { columns }: State): void {
    // rows are of another height then
    if (columns !== this.state.columns && this.#box.current !== null)
      this.#measure(this.#box.current);
    if (before.source !== this.props.source) {
      this.#box.current?.scrollTo(0, 0);
      this.setState({ active: -1 });
      this.#look(0);
    } else if (before.version !== this.props.version) this.#place();
  }

  override componentWillUnmount(): void {
    this.#watch?.disconnect();
    clearTimeout(this.#looking);
  }

  override render(): JSX.Element {
    const { label, source, rows, empty } = this.props;
    const total = this.#total;
    const columns = this.#columns();
    const known = source.total !== undefined;
    const limit = rows === undefined ? {} : { "--most": String(rows) };
    return (
      <div
        class={`grid ${rows === undefined ? "tall" : "some"} ${this.state.columns === 0 ? "small" : ""}`}
        ref={this.#box}
        role="grid"
        tabIndex={0}
        aria-label={label}
        aria-rowcount={known ? total + 1 : -1}
        aria-activedescendant={
          this.state.active < 0 ? undefined : `${this.#id}-${this.state.active}`
        }
        aria-busy={!known}
        style={{
          "--tracks": columns.map(({ size }) => size).join(" "),
          "--rows": String(total),
          ...limit,
        }}
        onScroll={() => this.#place()}
        onKeyDown={(event) => this.#key(event)}
        onClick={(event) => this.#click(event)}
      >
        {this.#head(columns)}
        <div class="grid-body" role="rowgroup" style={{ height: `${total * this.#height}px` }}>
          {this.#rows(columns)}
        </div>
        {known && total === 0 ? <p class="empty">{empty}</p> : null}
        {(source.total ?? 0) > MAX_ROWS ? (
          <p class="grid-note">
            The first {count(MAX_ROWS)} of {count(source.total ?? 0)}: a search or a filter shows
            the others.
          </p>
        ) : null}
      </div>
    );
  }

  /** Brings a row into sight and makes it the active one. */
  activate(index: number): void {
    const active = Math.max(0, Math.min(index, this.#total - 1));
    const box = this.#box.current;
    if (box === null || this.#total === 0) return;
    const head = box.firstElementChild?.clientHeight ?? 0;
    const [top, bottom] = [active * this.#height, (active + 1) * this.#height];
    const room = box.clientHeight - head;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (bottom > box.scrollTop + room) box.scrollTop = bottom - room;
    this.setState({ active });
    const row = this.props.source.at(active);
    if (row !== undefined) this.props.active?.(row);
    this.#place();
  }

  focus(): void {
    this.#box.current?.focus();
  }

  get #total(): number {
    return Math.min(this.props.source.total ?? 0, MAX_ROWS);
  }

  #columns(): readonly Column<T>[] {
    return this.props.columns.filter(({ spare = 0 }) => spare <= this.state.columns);
  }

  #head(columns: readonly Column<T>[]): JSX.Element {
    return (
      <div class="grid-head" role="row" aria-rowindex={1}>
        {columns.map((column) => (
          <HeadCell
            key={column.id}
            column={column}
            sort={this.props.sort}
            sortBy={this.props.sortBy}
          />
        ))}
      </div>
    );
  }

  #rows(columns: readonly Column<T>[]): JSX.Element[] {
    const { first, last, active } = this.state;
    const { source, classOf } = this.props;
    const end = Math.min(last, this.#total);
    const pool = last - first;
    const found: JSX.Element[] = [];
    for (let index = first; index < end; index++) {
      const row = source.at(index);
      found.push(
        // the elements of rows that went out of sight are taken for those that came
        <Row
          key={index % pool}
          id={`${this.#id}-${index}`}
          index={index}
          top={index * this.#height}
          active={index === active}
          row={row}
          columns={columns}
          look={row === undefined ? "" : (classOf?.(row) ?? "")}
        />,
      );
    }
    return found;
  }

  #measure(box: HTMLElement): void {
    const text = getComputedStyle(box).getPropertyValue("--row");
    this.#height = Number.parseFloat(text) || this.#height;
    const width = box.clientWidth;
    const columns = width < NARROW_PX ? 0 : width < WIDE_PX ? 1 : 2;
    if (columns !== this.state.columns) this.setState({ columns });
    else this.forceUpdate();
    this.#place();
    this.#look(0);
  }

  /** Draws other rows when others have come into sight. */
  #place(): void {
    const box = this.#box.current;
    if (box === null) return;
    // in steps, so that not every row that comes in is a drawing
    const step = SPARE / 2;
    const seen = Math.floor(box.scrollTop / this.#height / step) * step;
    const first = Math.max(0, seen - SPARE);
    const last = first + Math.ceil(box.clientHeight / this.#height) + 2 * SPARE + step;
    if (first !== this.state.first || last !== this.state.last) this.setState({ first, last });
    this.#look(LOOK_MS);
  }

  #look(after: number): void {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => {
      const { first, last } = this.state;
      this.props.source.look(first, last);
    }, after);
  }

  #click(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    if (target.closest("a, button, input, label") !== null) return;
    if ((getSelection()?.toString() ?? "") !== "") return;
    const at = target.closest<HTMLElement>("[data-index]")?.dataset["index"];
    const row = at === undefined ? undefined : this.props.source.at(Number(at));
    if (row === undefined) return;
    this.activate(Number(at));
    this.props.open?.(row);
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== this.#box.current)
      return;
    if (event.key === "Enter") {
      const row = this.props.source.at(this.state.active);
      if (row !== undefined) this.props.open?.(row);
      return;
    }
    const to = this.#target(event.key);
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.activate(to);
  }

  #target(key: string): number | undefined {
    const { active } = this.state;
    const page = Math.max(1, Math.floor((this.#box.current?.clientHeight ?? 0) / this.#height) - 2);
    const to: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      j: active + 1,
      ArrowUp: active - 1,
      k: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: this.#total - 1,
    };
    return to[key];
  }
}

interface HeadCellProps<T> {
  readonly column: Column<T>;
  readonly sort: string | undefined;
  readonly sortBy: ((sort: string) => void) | undefined;
}

function HeadCell<T>({ column, sort, sortBy }: HeadCellProps<T>): JSX.Element {
  const { title, sort: field, number = false } = column;
  const up = field !== undefined && sort === field;
  const down = field !== undefined && sort === `-${field}`;
  const look = `grid-cell ${number ? "number" : ""}`;
  if (field === undefined || sortBy === undefined) {
    return (
      <span class={look} role="columnheader">
        {title}
      </span>
    );
  }
  return (
    <span
      class={look}
      role="columnheader"
      aria-sort={up ? "ascending" : down ? "descending" : "none"}
    >
      <button type="button" onClick={() => sortBy(down || (!up && !number) ? field : `-${field}`)}>
        {title}
        <span class="sort" aria-hidden="true">
          {up ? " ▴" : down ? " ▾" : ""}
        </span>
      </button>
    </span>
  );
}

interface RowProps<T> {
  readonly id: string;
  readonly index: number;
  readonly top: number;
  readonly active: boolean;
  readonly row: T | undefined;
  readonly columns: readonly Column<T>[];
  readonly look: string;
}

/** Drawn again only when something of it has changed. */
class Row<T> extends Component<RowProps<T>> {
  override shouldComponentUpdate(next: RowProps<T>): boolean {
    const { row, index, top, active, columns, look } = this.props;
    return (
      row !== next.row ||
      index !== next.index ||
      top !== next.top ||
      active !== next.active ||
      look !== next.look ||
      columns.length !== next.columns.length
    );
  }

  override render({ id, index, top, active, row, columns, look }: RowProps<T>): JSX.Element {
    return (
      <div
        id={id}
        class={`grid-row ${active ? "active" : ""} ${look}`}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={active}
        data-index={index}
        style={{ transform: `translateY(${top}px)` }}
      >
        {columns.map((column) => (
          <span
            key={column.id}
            role="gridcell"
            class={`grid-cell ${column.number === true ? "number" : ""}`}
          >
            {row === undefined ? <i class="ghost" /> : column.cell(row)}
          </span>
        ))}
      </div>
    );
  }
}
