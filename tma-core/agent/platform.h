// SPDX-License-Identifier: Apache-2.0
// What a place where the agent runs has to give it.
#pragma once
#include <stdint.h>

// Sends bytes of a frame to the host, in order; returns when they are on their way.
void platform_send(const uint8_t *bytes, uint32_t length);
// 16 bytes that no earlier session had, as well as the place can: a session's key is mixed from them and from the host's, so a place
// without randomness is not weaker towards the host.
void platform_nonce(uint8_t nonce[16]);
// No verdict any more.
_Noreturn void platform_halt(void);
// The provisioned key, or none (NULL): then the first frame may bring it.
const uint8_t *platform_key(void);
