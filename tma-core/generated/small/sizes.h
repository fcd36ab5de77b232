// Made by scripts/gen-tma-core.ts.
// Bytes of linear memory that the core uses, and of its longest message.
#define CORE_MEMORY_BYTES 12448
#define CORE_INPUT_BYTES 512
