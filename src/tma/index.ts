// SPDX-License-Identifier: Apache-2.0
// Trusted Modeling Agents: the interface, and the one that runs in the asking thread.
export type { Assessment, TrustedModelingAgent } from "./agent.ts";
export { createTma, emptyModel, type NamespaceTma, type TmaSpec } from "./tma.ts";
export { nodeHasher } from "./node-hasher.ts";
export { AgentError } from "./agent-errors.ts";
export {
  BOARDS,
  isBoard,
  localityText,
  MOST_WITHIN_MS,
  parseLocality,
  type BoardName,
  type Locality,
} from "./locality.ts";
export type { ModelAgent } from "./model-agent.ts";
export type { Place, PlaceKind } from "./places/place.ts";
export { fleetPlace, imageFolders, imageName, readyPlace } from "./places/ready.ts";
export {
  type DoorAnswer,
  type DoorHello,
  doorLine,
  type DoorQuestion,
  MAX_DOOR_LINE,
  readDoorHello,
  readDoorQuestion,
  type RulingWord,
} from "./remote/door-words.ts";
export { buildImage, provisionImage, type BuiltImage, type ImagePlace } from "./places/build.ts";
export { createPlainAgent } from "./plain-agent.ts";
export { tryPlaces, type PlaceVerdict } from "./places/try-places.ts";
export { EVENT_BYTES, selfTest, type LatencyFound, type SelfTest } from "./self-test.ts";
export { startAgent } from "./places/start.ts";
