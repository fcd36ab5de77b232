// SPDX-License-Identifier: Apache-2.0
// What the command line prints for container engines; it starts no daemon.
export { CONTAINER_MODES, checkedMetadata } from "./choice.ts";
export { ContainerError } from "./errors.ts";
export { type HookFile, hookFile } from "./hook-file.ts";
export { type ContainerProfile, containerProfile } from "./profile.ts";
export { nativeProgram } from "./warden.ts";
