// SPDX-License-Identifier: Apache-2.0
// From a record to a security event, and from the decision to what follows from it.
import { decodePath } from "../../base/path-text.ts";
import type { DentryId, FileId } from "../../event/cell/file.ts";
import type { EventOf, HookName, SecurityEvent, TaskIdentity } from "../../event/event.ts";
import { Unseen } from "../file/unseen.ts";
import type { Decision, EventSink } from "../sensor.ts";
import { CellReader } from "./cell.ts";
import { Created } from "./created.ts";
import { Identities } from "./identities.ts";
import { CREATING_HOOKS, mayIntern } from "./internable.ts";
import type { AgentJournal, KeptAgent } from "./journal.ts";
import { ObjectState, RecordFlag, RuleFlag } from "./layout.gen.ts";
import { type Contents, ObjectTeller } from "./objects.ts";
import { readHead, RecordView } from "./record.ts";
import type { BpfSink } from "./sink.ts";
import type {
  Conclusion,
  IdentityNumbers,
  PrimedKey,
  Primer,
  RecordDecoder,
  RecordHead,
  SeenActor,
  SeenFile,
  SeenObject,
  Told,
} from "./types.ts";

const EXEC = "bprm_committed_creds";
/** Bytes of a comm without its NUL. */
const COMM_BYTES = 15;
const NOTHING: readonly PrimedKey[] = [];

/** What a decoder asks of whoever decides. */
export type DecoderSink = EventSink & Pick<BpfSink, "dependsOnProcess">;

export interface DecoderOptions {
  /** The ring's memory. */
  readonly memory: Uint8Array;
  readonly sink: DecoderSink;
  /** Name of the namespace's digest, as node:crypto knows it. */
  readonly digest: string;
  /** enum galgo_rules, as the programs have them. */
  readonly rules: number;
  readonly contents: Contents;
  readonly primer?: Primer;
  readonly identities?: Identities;
  readonly journal?: Pick<AgentJournal, "created">;
  /** Of the agent before this one. */
  readonly kept?: Pick<KeptAgent, "created">;
}

/** @see RecordDecoder */
export function createDecoder(options: DecoderOptions): RecordDecoder {
  return new Decoder(options);
}

/** What the conclusion needs of a record that may be overwritten by then. */
interface Last {
  readonly told: Told;
  readonly who: SeenActor;
  readonly identity: TaskIdentity;
  readonly settled: boolean;
  /** States of its objects. */
  readonly states: readonly number[];
  /** The file that it is about, when more may be done with it. */
  readonly file: SeenFile | undefined;
  /** The object that it is about, when something may be done to its name. */
  readonly object: SeenObject | undefined;
}

/** More than the name of an object is in its words. */
const MORE_THAN_A_NAME: number =
  ObjectState.absent |
  ObjectState.content |
  ObjectState.negative |
  ObjectState.dir |
  ObjectState.temporary |
  ObjectState.changing |
  ObjectState.mountless;

/** Hooks that tell of a file as it will be looked at again: open, or mapped. */
const TELLING_OPEN: ReadonlySet<HookName> = new Set<HookName>([
  "file_open",
  "file_receive",
  "file_ioctl",
  "file_lock",
]);

class Decoder implements RecordDecoder {
  readonly identities: IdentityNumbers;
  readonly #memory: Buffer;
  readonly #sink: DecoderSink;
  readonly #createdClass: boolean;
  readonly #created: Created;
  readonly #objects: ObjectTeller;
  readonly #cells: CellReader;
  readonly #primer: Primer | undefined;
  #last: Last | undefined;

  constructor(options: DecoderOptions) {
    const { memory, sink, digest, rules, contents, primer, identities, journal, kept } = options;
    this.#memory = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
    this.#sink = sink;
    this.#createdClass = (rules & RuleFlag.createdClass) !== 0;
    this.identities = identities ?? new Identities(sink);
    this.#created = new Created(sink, journal, kept?.created);
    this.#objects = new ObjectTeller({
      sink,
      identities: this.identities,
      created: this.#created,
      contents,
    });
    this.#cells = new CellReader(this.#objects, { digest, emptyDigest: sink.emptyDigest });
    this.#primer = primer;
  }

  head(at: number, bytes: number): RecordHead {
    return readHead(this.#memory, at, bytes);
  }

  tell(at: number, bytes: number): Told {
    this.#last = undefined;
    const view = new RecordView(this.#memory, at, bytes);
    const { head, who } = view;
    const task = this.identities.identityOf(who.identity);
    if (task === undefined)
      throw new Unseen("unknown-identity", `${head.hook} of thread ${head.tid}`);
    this.#objects.settled = true;
    const event = {
      hook: head.hook,
      pid: head.tid,
      tgid: head.tgid,
      process: decodePath(view.comm),
      task,
      coe: who.coe,
      ts: view.ts,
      cell: this.#cells.read(view),
    };
    // the pair (hook, cell) is right by the table of hooks/; TypeScript can not see it through the union
    const told = { head, event: event as unknown as SecurityEvent };
    // keys do not say which process it is
    const byNumber = this.#sink.dependsOnProcess(told.event);
    const settled = this.#objects.settled && !byNumber;
    const states = view.objects.map((object) => object.state);
    const file = settled && this.#primer !== undefined ? seenFile(view, told.event) : undefined;
    const object = byNumber || this.#primer === undefined ? undefined : this.#seenObject(view);
    this.#last = { told, who, identity: task, settled, states, file, object };
    return told;
  }

  conclude(told: Told, decision: Decision): Conclusion {
    const last = this.#last;
    if (last?.told !== told) throw new Error("only what was told last can be concluded, once");
    this.#last = undefined;
    const { head } = told;
    const { settled, who } = last;
    const allowed = decision.action === "allow";
    const next = allowed && head.hook === EXEC ? this.#execed(last) : 0;
    const instance = allowed ? this.#happens(last) : 0;
    const intern = mayIntern({ head, decision, settled, createdClass: this.#createdClass });
    // after an exec somebody else acts, with the same credentials and root
    const actor = { ...who, identity: next === 0 ? who.identity : next };
    return { intern, next, instance, primed: allowed ? this.#prime(actor, last) : NOTHING };
  }

  #prime(actor: SeenActor, { file, object }: Last): readonly PrimedKey[] {
    if (this.#primer === undefined) return NOTHING;
    const primed = [...this.#primer.seen(actor)];
    if (file !== undefined) primed.push(...this.#primer.seenFile(actor, file));
    if (object !== undefined) primed.push(...this.#primer.seenObject(object));
    return primed;
  }

  #seenObject(view: RecordView): SeenObject | undefined {
    const [first] = view.objects;
    if (first === undefined || (first.state & MORE_THAN_A_NAME) !== 0) return undefined;
    const pathname = view.pathname(0);
    if (this.#primer?.wantsObject(pathname) !== true) return undefined;
    const dentry = this.#objects.dentry(view, 0);
    return { actor: view.who, pathname, dentry, words: Uint8Array.from(first.words) };
  }

  nextAfterLoss({ hook }: RecordHead): number {
    return hook === EXEC ? this.identities.unattributed : 0;
  }

  /** Number of the identity after an exec. */
  #execed({ told, identity, who }: Last): number {
    const { cell, tgid } = told.event as EventOf<typeof EXEC>;
    const file: FileId = cell.file;
    const name = file.path.pathname.slice(file.path.pathname.lastIndexOf("/") + 1);
    return this.identities.numberOf(
      this.#sink.execed(identity, {
        file,
        pid: tgid ?? told.head.tid,
        process: name.slice(0, COMM_BYTES),
        coe: who.coe,
      }),
    );
  }

  /** Remembers what the event makes or takes away. @returns the number of the object that is made, for its inode */
  #happens({ told, who, identity, states }: Last): number {
    const { hook, cell } = told.event;
    const temporary = (which: 0 | 1): boolean =>
      ((states[which] ?? 0) & ObjectState.temporary) !== 0;
    if (hook === "inode_rmdir" && temporary(0))
      this.#created.goneTemporary(who, cell.dentry.path.pathname);
    if (hook === "inode_rename") {
      if (temporary(0)) this.#created.goneTemporary(who, cell.oldDentry.path.pathname);
      if (temporary(1)) this.#created.goneTemporary(who, cell.newDentry.path.pathname);
    }
    if (!CREATING_HOOKS.has(hook)) return 0;
    const { pathname } = (cell as { readonly dentry: DentryId }).dentry.path;
    const instance = this.#created.instance(identity.taskId, pathname);
    this.#created.count(identity.taskId, pathname);
    if (hook === "inode_mkdir" && temporary(0)) this.#created.madeTemporary(who, pathname);
    return instance;
  }
}

/** A copy of what a record says of the file that it is about; undefined: nothing that names it for good. */
function seenFile(view: RecordView, event: SecurityEvent): SeenFile | undefined {
  const asProgram = event.hook === "mmap_file";
  if (!asProgram && !TELLING_OPEN.has(event.hook)) return undefined;
  if ((view.head.flags & RecordFlag.never) !== 0) return undefined;
  const { file } = event.cell as { readonly file?: FileId };
  if (file === undefined) return undefined;
  return { asProgram, flags: view.u32(0), file, words: Uint8Array.from(view.object(0).words) };
}
