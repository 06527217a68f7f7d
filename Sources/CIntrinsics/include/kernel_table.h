// What one kernel target exports: a table of C functions over plain pointers, so that no SIMD value and
// no Swift type ever crosses between targets that are compiled for different instruction sets.
#pragma once
#include <stdint.h>

/// One matrix times a batch of rows: output[token][row] = sum over k of weights[row][k] * input[token][k].
typedef struct {
  const void *weights;  // packed, see PackedLayout.swift
  const void *input;    // activation records for quantised formats, float rows otherwise
  float *output;
  long format;
  long row_groups;  // of 16 rows
  long columns;
  long tokens;
  long input_stride;  // floats; float formats only
  long output_stride;
  long tile_tokens;  // tokens in a tile at most
  long fields;       // what the activation records hold, see formats.h; quantised formats only
} ci_matmul;

/// Positions of one KV segment; `base` points at its tiles of one layer (KVBlocks.swift).
typedef struct {
  const void *base;
  long count;
  long capacity;  // positions that there is room for, a multiple of 16
  long position;  // of the first
} ci_span;

typedef struct {
  const float *queries;
  float *output;
  long query_stride;
  long output_stride;
  long query_heads;
  long kv_heads;
  long head_dimension;
  float scale;
  float soft_cap;  // 0: none
  long tile_rows;
  long set_rows;  // rows of a unit at most: several tiles that share widened keys and values
  long unit_heads;  // kv heads of a unit: one, or for a few rows all of a thread
} ci_attention_shape;

typedef struct {
  long first_row;
  long rows;
  long causal;
  long window;      // positions; 0: all
  long span_count;  // the sequence's own segment is the last span
  long total;       // positions in all spans
  const ci_span *spans;
} ci_attention_request;

/// Rows of one kv head of a request, or of several, against some blocks of its positions.
typedef struct {
  long kv_head;  // the first
  long first_row;
  long rows;
  long first_block;
  long blocks;
  float *partials;  // of each block, to be merged later; NULL: merge here and write the output
} ci_attention_unit;

typedef struct {
  const float *cosines;  // [position][rotated / 2]
  const float *sines;
  const int32_t *positions;  // by token
  long rotated;
  long heads;
  long head_dimension;
  long stride;
  long interleaved;
} ci_rope;

typedef struct {
  long quantised_tile_tokens;
  long float_tile_tokens;
  long attention_tile_rows;
  long attention_block;  // positions

  void (*pack)(const void *row_major, long format, long rows, long columns, void *packed);
  void (*unpack_row)(const void *packed, long format, long columns, long row, float *output);
  /// One tile of activation rows to records that hold `fields`, see formats.h.
  void (*quantise)(const float *x, long stride, long tokens, long columns, long fields,
                   void *records);
  /// `panel`: `ci_panel_bytes` of this thread's own, aligned to 64; not needed for a single token.
  void (*multiply)(const ci_matmul *job, long first_group, long groups, long first_tile, long tiles,
                   void *panel);

  void (*rms_norm)(const float *x, const float *weight, float epsilon, float *output, long tokens,
                   long count, long stride);
  void (*layer_norm)(float *x, const float *weight, const float *bias, float epsilon, long tokens,
                     long count, long stride);
  void (*add_layer_norm)(float *x, const float *y, const float *y_bias, const float *weight,
                         const float *bias, float epsilon, long tokens, long count, long stride);
  void (*add)(float *x, const float *y, long tokens, long count, long stride, long y_stride);
  void (*scale)(float *x, float factor, long tokens, long count, long stride);
  void (*silu_multiply)(float *gate, const float *up, long tokens, long count, long stride);
  void (*gelu_tanh_multiply)(float *gate, const float *up, long tokens, long count, long stride);
  void (*soft_cap)(float *x, float cap, long tokens, long count, long stride);
  void (*gelu)(float *x, const float *bias, long tokens, long count, long stride);
  void (*rope)(const ci_rope *job, float *x, long first_token, long tokens);
  void (*store_kv)(const float *keys, const float *values, long key_stride, long value_stride,
                   long rows, long heads, long head_dimension, void *base, long position,
                   long capacity);
  void (*attend)(const ci_attention_shape *shape, const ci_attention_request *request,
                 const ci_attention_unit *unit, float *scratch);
  /// Merges the partials of all blocks of a unit and writes the output.
  void (*merge_attention)(const ci_attention_shape *shape, const ci_attention_request *request,
                          const ci_attention_unit *unit, float *scratch);
  /// Floats of the partial of one block, and of a thread's scratch.
  long (*attention_partial)(const ci_attention_shape *shape);
  long (*attention_scratch)(const ci_attention_shape *shape);

  /// The first index of the largest value.
  long (*argmax)(const float *x, long count);
  /// For each row the largest of `count` values and the sum of exp(x - largest), as two floats.
  void (*exp_parts)(const float *x, long rows, long count, long stride, float *parts,
                    long part_stride);
  /// The hash-relevant elementary functions on their own, for tests.
  void (*exp)(const float *x, float *output, long count);
  void (*to_half)(const float *x, uint16_t *output, long count);  // saturates
  void (*from_half)(const uint16_t *x, float *output, long count);
  void (*fma)(const float *a, const float *b, const float *c, float *output, long count);

  /// Limits of the machine: each returns a value that depends on the work, so that it is not elided.
  long (*read)(const void *memory, long bytes);
  long (*integer_work)(long iterations);  // integer_operations each
  float (*fma_work)(long iterations);     // fma_operations each
  /// Products of a matrix unit of 16 x 16 x 32, four each; NULL where there is none.
  long (*tile_work)(long iterations);
  long integer_operations;
  long fma_operations;
} ci_kernels;
