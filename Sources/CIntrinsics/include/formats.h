// Sizes and kinds of the weight formats: what the kernels and their callers must agree on. The layouts
// themselves are in PackedLayout.swift.
#pragma once

/// Values of `format` in this header and in the kernel table.
enum {
  CI_F32 = 0,
  CI_F16 = 1,
  CI_BF16 = 2,
  CI_Q8_0 = 3,
  CI_Q4_0 = 4,
  CI_Q4_1 = 5,
  CI_Q5_0 = 6,
  CI_Q5_1 = 7,
  CI_IQ4_NL = 8,
  CI_Q2_K = 9,
  CI_Q3_K = 10,
  CI_Q4_K = 11,
  CI_Q5_K = 12,
  CI_Q6_K = 13
};

CI_INLINE long ci_is_k(long format) { return format >= CI_Q2_K; }

/// Columns of a block in a GGUF row.
CI_INLINE long ci_source_columns(long format) {
  return format <= CI_BF16 ? 1 : ci_is_k(format) ? 256 : 32;
}

/// Bytes of a block in a GGUF row: the structs of ggml-common.h.
CI_INLINE long ci_source_bytes(long format) {
  switch (format) {
    case CI_F32: return 4;
    case CI_Q8_0: return 2 + 32;
    case CI_Q4_0: case CI_IQ4_NL: return 2 + 16;
    case CI_Q4_1: return 4 + 16;
    case CI_Q5_0: return 2 + 4 + 16;
    case CI_Q5_1: return 4 + 4 + 16;
    case CI_Q2_K: return 16 + 64 + 4;
    case CI_Q3_K: return 32 + 64 + 12 + 2;
    case CI_Q4_K: return 4 + 12 + 128;
    case CI_Q5_K: return 4 + 12 + 32 + 128;
    case CI_Q6_K: return 128 + 64 + 16 + 2;
    default: return 2;
  }
}

/// Columns of a packed record of 16 rows, a multiple of 64 for the quantised formats.
CI_INLINE long ci_record_columns(long format) {
  return format <= CI_BF16 ? 1 : ci_is_k(format) ? 256 : 64;
}

/// Bytes of a packed record of 16 rows.
CI_INLINE long ci_record_bytes(long format) {
  switch (format) {
    case CI_F32: return 64;
    case CI_Q8_0: return 1088;
    case CI_Q4_0: case CI_IQ4_NL: return 576;
    case CI_Q4_1: return 640;
    case CI_Q5_0: return 704;
    case CI_Q5_1: return 768;
    case CI_Q2_K: return 1344;
    case CI_Q3_K: return 1856;
    case CI_Q4_K: return 2368;
    case CI_Q5_K: return 2880;
    case CI_Q6_K: return 3392;
    default: return 32;
  }
}

/// Bytes of a packed group of 16 rows.
CI_INLINE long ci_group_bytes(long format, long columns) {
  long width = ci_record_columns(format);
  return (columns + width - 1) / width * ci_record_bytes(format);
}

/// 32-column blocks of an activation row, padded to an even number.
CI_INLINE long ci_block_count(long columns) { return (columns + 63) / 64 * 2; }

/// Whether a block has a term that does not depend on the weight's integer.
CI_INLINE long ci_has_addend(long format) {
  return format == CI_Q4_1 || format == CI_Q5_1 || format == CI_Q2_K || format == CI_Q4_K ||
         format == CI_Q5_K;
}

/// Parts of a 32-column block that have scales of their own.
CI_INLINE long ci_parts(long format) {
  return format == CI_Q2_K || format == CI_Q3_K || format == CI_Q6_K ? 2 : 1;
}

/// Words that an activation record can hold for each token besides values and scales, one bit each, in
/// this order: the start of the integer sum for weights stored with an offset of 128, 8 or 16; the
/// starts of both halves for 32 or 4; scale * sum for formats with an addend; both halves of that.
CI_INLINE long ci_fields(long format) {
  switch (format) {
    case CI_Q8_0: case CI_IQ4_NL: return 1 << 0;
    case CI_Q4_0: return 1 << 1;
    case CI_Q5_0: return 1 << 2;
    case CI_Q6_K: return 3 << 3;
    case CI_Q3_K: return 3 << 5;
    case CI_Q4_1: case CI_Q5_1: case CI_Q4_K: case CI_Q5_K: return 1 << 7;
    case CI_Q2_K: return 3 << 8;
    default: return 0;
  }
}

/// Words before those of `format` in records that hold `fields`.
CI_INLINE long ci_fields_before(long format, long fields) {
  long own = ci_fields(format);
  return __builtin_popcountl(fields & ((own & -own) - 1));
}

/// Bytes of one token and 32 columns in activation records that hold `fields`.
CI_INLINE long ci_token_bytes(long fields) { return 40 + 4 * __builtin_popcountl(fields); }

/// Vectors of 16 floats that describe one expanded block of 16 rows: scales and addends.
CI_INLINE long ci_scale_vectors(long format) {
  return ci_parts(format) * (ci_has_addend(format) ? 2 : 1);
}

/// Bytes that `multiply` needs for itself on each thread: two expanded groups of 16 rows.
CI_INLINE long ci_panel_bytes(long format, long columns) {
  if (format <= CI_BF16) return 0;
  return 2 * ci_block_count(columns) * (512 + 64 * ci_scale_vectors(format));
}

/// Tokens of a tile on a matrix unit. Tiles of so many are whole, and the last one is what remains; for
/// register tiles a batch is cut evenly.
enum { CI_MATRIX_TILE = 16 };
