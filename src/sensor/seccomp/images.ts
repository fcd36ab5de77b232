// SPDX-License-Identifier: Apache-2.0
// Who a process is when it shows up for the first time. What only an exec changes (image-stamp.ts) is inherited by fork and
// different for every exec, so it names the image that a process was forked from, whoever its parent is by now. Forks need
// not be notified for that: a held fork could be interrupted by a signal, which programs do not expect of fork.
import type { TaskIdentity } from "../../event/event.ts";
import { MAX_IMAGES } from "./limits.ts";

/** An image that runs or ran in the workload: one successful exec. */
export interface Image {
  readonly stamp: string;
  readonly identity: TaskIdentity;
  /** A process of this image was disciplined: what is forked from nobody knows which of them may come from that one. */
  untrusted: boolean;
  /** A process of this image made siblings (CLONE_PARENT): who shows a parent of this image need not be its child. */
  makesSiblings?: boolean;
}

/** Images by stamp. */
export class Images {
  readonly #byStamp = new Map<string, Image[]>();

  /** Remembers an image. Beyond the limit the oldest is forgotten: a process that shows up with it is nobody. */
  add(image: Image): Image {
    const same = this.#byStamp.get(image.stamp);
    if (same !== undefined) same.push(image);
    else this.#byStamp.set(image.stamp, [image]);
    if (this.#byStamp.size > MAX_IMAGES) {
      const oldest = this.#byStamp.keys().next().value;
      if (oldest !== undefined) this.#byStamp.delete(oldest);
    }
    return image;
  }

  /**
   * The image with this stamp; undefined when none, or images of more than one identity, have it (address space layout not
   * randomised). Of images with one identity the untrusted one counts.
   * @param parent image of the process that is shown as parent, which may be forgotten here
   */
  find(stamp: string, parent: Image | undefined): Image | undefined {
    const known = this.#byStamp.get(stamp) ?? [];
    const fitting = parent?.stamp === stamp ? [parent, ...known] : known;
    const ids = new Set(fitting.map(({ identity }) => identity.taskId));
    if (ids.size !== 1) return undefined;
    return fitting.find(({ untrusted }) => untrusted) ?? fitting[0];
  }
}
