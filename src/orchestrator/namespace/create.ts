// SPDX-License-Identifier: Apache-2.0
// A namespace, and one that is looked at from outside: that one publishes what it has counted, all of it together, before each answer, so
// that whatever a task was allowed to do is seen by who looks afterwards.
import type { SecurityEvent } from "../../event/index.ts";
import type { BpfDecision, Happened } from "../../sensor/bpf/sink.ts";
import type { Decision } from "../../sensor/sensor.ts";
import type { Unheld } from "../../sensor/tsem/sink.ts";
import type { KeptNamespace } from "./ledger.ts";
import { ModelingNamespace } from "./namespace.ts";
import type { Namespace, NamespaceOptions, NamespaceParts } from "./namespace-types.ts";

export function createNamespace(options: NamespaceOptions, parts: NamespaceParts): Namespace {
  if (parts.instant === undefined) return new ModelingNamespace(options, parts);
  return new PublishingNamespace(options, parts);
}

class PublishingNamespace extends ModelingNamespace {
  override decide(event: SecurityEvent, untrusted: boolean): BpfDecision {
    return this.#published(super.decide(event, untrusted));
  }

  override unheld(event: SecurityEvent, how: Unheld): Decision {
    return this.#published(super.unheld(event, how));
  }

  override happened(event: SecurityEvent, how: Happened): BpfDecision {
    return this.#published(super.happened(event, how));
  }

  override unreadable(text: string, why: string): Decision {
    return this.#published(super.unreadable(text, why));
  }

  override violated(event: SecurityEvent, reason: string): Decision {
    return this.#published(super.violated(event, reason));
  }

  override refusedUnseen(): void {
    super.refusedUnseen();
    this.publish();
  }

  override lost(reason: string, detail: string): void {
    super.lost(reason, detail);
    this.publish();
  }

  override seal(): void {
    super.seal();
    this.publish();
  }

  override resume(kept: KeptNamespace): void {
    super.resume(kept);
    this.publish();
  }

  #published<T>(answer: T): T {
    this.publish();
    return answer;
  }
}
