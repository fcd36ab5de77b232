// SPDX-License-Identifier: Apache-2.0
// The agent: the core behind the link. A place calls agent_start once and agent_receive for each byte that comes.
#pragma once
#include <stdint.h>
void agent_start(void);
void agent_receive(uint8_t byte);
