// SPDX-License-Identifier: Apache-2.0
// The part of wasm2c's run time interface that a module without tables, imports and growing memory asks for.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define wasm_rt_memcpy __builtin_memcpy
// every access to memory is checked where it is made: no signals and no pages that fault
#define WASM_RT_MEMCHECK_SIGNAL_HANDLER 0
// the core has no recursion
#define WASM_RT_USE_STACK_DEPTH_COUNT 0

typedef enum { WASM_RT_TRAP_NONE, WASM_RT_TRAP_OOB, WASM_RT_TRAP_INT_OVERFLOW, WASM_RT_TRAP_DIV_BY_ZERO,
  WASM_RT_TRAP_INVALID_CONVERSION, WASM_RT_TRAP_UNREACHABLE, WASM_RT_TRAP_CALL_INDIRECT, WASM_RT_TRAP_EXHAUSTION } wasm_rt_trap_t;
typedef enum { WASM_RT_I32, WASM_RT_I64, WASM_RT_F32, WASM_RT_F64 } wasm_rt_type_t;

typedef struct {
  uint8_t *data;
  uint32_t pages, max_pages;
  uint32_t size;
} wasm_rt_memory_t;

// tables: the generated file has functions over them that nobody calls
typedef void (*wasm_rt_function_ptr_t)(void);
typedef struct { uint32_t func_type; wasm_rt_function_ptr_t func; void *module_instance; } wasm_rt_funcref_t;
typedef struct { wasm_rt_funcref_t *data; uint32_t max_size, size; } wasm_rt_funcref_table_t;
typedef void *wasm_rt_externref_t;
typedef struct { wasm_rt_externref_t *data; uint32_t max_size, size; } wasm_rt_externref_table_t;
#define wasm_rt_externref_null_value NULL
#define wasm_rt_funcref_null_value ((wasm_rt_funcref_t){0})

_Noreturn void wasm_rt_trap(wasm_rt_trap_t why);
bool wasm_rt_is_initialized(void);
uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...);
void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint32_t pages, uint32_t most);
void wasm_rt_free_memory(wasm_rt_memory_t *memory);
