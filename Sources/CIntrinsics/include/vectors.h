// Sixteen-lane vectors on every instruction set. Swift sees f32x16 as SIMD16<Float>, and so on.
//
// Nothing here may hold a product next to a sum: clang would contract them into a fused multiply-add
// where the machine has one, and the instruction sets would disagree in the last bit.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef float f32x16 __attribute__((vector_size(64), aligned(64)));
typedef int i32x16 __attribute__((vector_size(64), aligned(64)));
typedef unsigned int u32x16 __attribute__((vector_size(64), aligned(64)));
typedef unsigned char u8x64 __attribute__((vector_size(64), aligned(64)));
typedef unsigned char u8x16 __attribute__((vector_size(16)));
typedef signed char i8x16 __attribute__((vector_size(16)));
typedef unsigned short u16x16 __attribute__((vector_size(32)));
typedef unsigned short u16x32 __attribute__((vector_size(64), aligned(64)));
typedef unsigned int u32x4 __attribute__((vector_size(16)));
typedef unsigned long long u64x8 __attribute__((vector_size(64), aligned(64)));

#define CI_INLINE static inline __attribute__((always_inline))

CI_INLINE f32x16 ci_splat(float x) {
  return (f32x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}
CI_INLINE i32x16 ci_splat_int(int x) {
  return (i32x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

/// The mask of the first `count` lanes: all ones inside, zero outside.
CI_INLINE i32x16 ci_first_lanes(int count) {
  const i32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return (i32x16)(lanes < ci_splat_int(count));
}
CI_INLINE f32x16 ci_select(i32x16 mask, f32x16 yes, f32x16 no) {
  return (f32x16)((mask & (i32x16)yes) | (~mask & (i32x16)no));
}
CI_INLINE i32x16 ci_greater(f32x16 a, f32x16 b) { return (i32x16)(a > b); }

/// `a > b ? a : b`, and `a < b ? a : b`, in every lane, also where the machine's own maximum treats zeros otherwise.
CI_INLINE f32x16 ci_max(f32x16 a, f32x16 b) {
#if defined(__AVX512F__)
  return (f32x16)_mm512_max_ps((__m512)a, (__m512)b);
#else
  return ci_select(ci_greater(a, b), a, b);
#endif
}
/// The largest lane; of lanes that are not a number, any.
CI_INLINE float ci_largest(f32x16 a) {
  a = ci_max(a, __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  a = ci_max(a, __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  a = ci_max(a, __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  a = ci_max(a, __builtin_shufflevector(a, a, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
  return a[0];
}
CI_INLINE f32x16 ci_min(f32x16 a, f32x16 b) {
#if defined(__AVX512F__)
  return (f32x16)_mm512_min_ps((__m512)a, (__m512)b);
#else
  return ci_select(ci_greater(b, a), a, b);
#endif
}
CI_INLINE f32x16 ci_abs(f32x16 a) { return (f32x16)((i32x16)a & 0x7fffffff); }

/// The larger of two magnitudes as bits: comparing them as integers needs no rounding rule.
CI_INLINE i32x16 ci_max_magnitude_bits(f32x16 a, f32x16 b) {
  i32x16 x = (i32x16)a & 0x7fffffff, y = (i32x16)b & 0x7fffffff;
  return __builtin_elementwise_max(x, y);
}
CI_INLINE int ci_reduce_max(i32x16 a) { return __builtin_reduce_max(a); }
CI_INLINE int ci_reduce_add(i32x16 a) { return __builtin_reduce_add(a); }
CI_INLINE i8x16 ci_low_bytes(i32x16 a) { return __builtin_convertvector(a, i8x16); }

/// The low bytes of four vectors, one behind the other.
CI_INLINE u8x64 ci_low_bytes_of_four(i32x16 a, i32x16 b, i32x16 c, i32x16 d) {
#if defined(__AVX512BW__)
  // Nothing saturates behind the mask.
  __m512i ab = _mm512_packus_epi32((__m512i)(a & 255), (__m512i)(b & 255));
  __m512i cd = _mm512_packus_epi32((__m512i)(c & 255), (__m512i)(d & 255));
  i32x16 v = (i32x16)_mm512_packus_epi16(ab, cd);
  return (u8x64)__builtin_shufflevector(v, v, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
#else
  i8x16 parts[4] = {ci_low_bytes(a), ci_low_bytes(b), ci_low_bytes(c), ci_low_bytes(d)};
  u8x64 v;
  __builtin_memcpy(&v, parts, sizeof v);
  return v;
#endif
}

/// The largest magnitude, as bits, of 32 floats from x on in lane t for row t of eight, and of the 32 behind
/// them in lane t + 8; rows behind `count` repeat the last. With `narrow` there is nothing behind.
///
/// Halves of pairs are merged, then quarters, and so on, which takes a third of the instructions of sixteen
/// reductions.
CI_INLINE i32x16 ci_max_of_rows(const float *x, long stride, long count, int narrow) {
  i32x16 v[16];
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; i++) {
    const float *row = x + (i < count ? i : count - 1) * stride;
    f32x16 a[4] = {{0}};
    __builtin_memcpy(a, row, 128);
    if (!narrow) __builtin_memcpy(a + 2, row + 32, 128);
    v[i] = ci_max_magnitude_bits(a[0], a[1]);
    v[i + 8] = ci_max_magnitude_bits(a[2], a[3]);
  }
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; i++) v[i] = __builtin_elementwise_max(
      __builtin_shufflevector(v[i], v[i + 8], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
      __builtin_shufflevector(v[i], v[i + 8], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) v[i] = __builtin_elementwise_max(
      __builtin_shufflevector(v[i], v[i + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
      __builtin_shufflevector(v[i], v[i + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31));
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 2; i++) v[i] = __builtin_elementwise_max(
      __builtin_shufflevector(v[i], v[i + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
      __builtin_shufflevector(v[i], v[i + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31));
  return __builtin_elementwise_max(
      __builtin_shufflevector(v[0], v[1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
      __builtin_shufflevector(v[0], v[1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31));
}

/// Stores each half.
CI_INLINE void ci_store_byte_halves(void *low, void *high, u8x64 v) {
  __builtin_memcpy(low, &v, 32);
  __builtin_memcpy(high, (const char *)&v + 32, 32);
}

/// Sums of eight unsigned bytes each.
CI_INLINE u64x8 ci_sums_of_eight(u8x64 v) {
#if defined(__AVX512BW__)
  return (u64x8)_mm512_sad_epu8((__m512i)v, _mm512_setzero_si512());
#else
  u16x32 pairs = ((u16x32)v & 0xff) + ((u16x32)v >> 8);
  u32x16 fours = ((u32x16)pairs & 0xffff) + ((u32x16)pairs >> 16);
  return ((u64x8)fours & 0xffffffff) + ((u64x8)fours >> 32);
#endif
}

/// Of eight rows of 64 signed bytes the sums of 16 each: of bytes 0 to 15 in lane t for row t and of bytes 32
/// to 47 in lane t + 8, or those of the 16 bytes behind.
CI_INLINE i32x16 ci_sums_of_rows(const void *rows, int behind) {
  u64x8 pairs[4];
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {
    u8x64 bytes[2];
    __builtin_memcpy(bytes, (const char *)rows + 128 * i, sizeof bytes);
    // Unsigned, each 128 more.
    u64x8 a = ci_sums_of_eight(bytes[0] ^ 0x80), b = ci_sums_of_eight(bytes[1] ^ 0x80);
    pairs[i] = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14) +
               __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
  }
  i32x16 low = (i32x16)(pairs[0] | pairs[1] << 32) - 16 * 128;
  i32x16 high = (i32x16)(pairs[2] | pairs[3] << 32) - 16 * 128;
  return behind ? __builtin_shufflevector(low, high, 4, 6, 5, 7, 20, 22, 21, 23, 12, 14, 13, 15, 28, 30,
                                          29, 31)
                : __builtin_shufflevector(low, high, 0, 2, 1, 3, 16, 18, 17, 19, 8, 10, 9, 11, 24, 26, 25,
                                          27);
}

/// Transposes sixteen vectors of sixteen 16-bit values: each round moves one bit of the row's number to the
/// column's.
CI_INLINE void ci_transpose_halves(void *rows, long stride) {
  u16x16 v[16], w[16];
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++)
    __builtin_memcpy(&v[i], (char *)rows + i * stride, sizeof v[i]);
  _Pragma("clang loop unroll(full)") for (int round = 0; round < 4; round++) {
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; i++) {
      w[2 * i] = __builtin_shufflevector(v[i], v[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6,
                                         22, 7, 23);
      w[2 * i + 1] = __builtin_shufflevector(v[i], v[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13,
                                             29, 14, 30, 15, 31);
    }
    __builtin_memcpy(v, w, sizeof v);
  }
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++)
    __builtin_memcpy((char *)rows + i * stride, &v[i], sizeof v[i]);
}

CI_INLINE u8x64 ci_low_nibbles(u8x64 a) { return a & (unsigned char)15; }
CI_INLINE u8x64 ci_high_nibbles(u8x64 a) { return (u8x64)((u16x32)a >> 4) & (unsigned char)15; }
/// Moves bit `from` of every byte to bit `to` and keeps what `mask` selects there. Words are shifted, so
/// the mask must leave out the bits that come from the neighbouring byte.
CI_INLINE u8x64 ci_move_bits(u8x64 a, long from, long to, unsigned char mask) {
  u16x32 v = (u16x32)a;
  return (u8x64)(from > to ? v >> (unsigned short)(from - to) : v << (unsigned short)(to - from)) & mask;
}
CI_INLINE u8x64 ci_or(u8x64 a, u8x64 b) { return a | b; }

/// Four bytes at each of four places `stride` bytes apart, widened.
CI_INLINE i32x16 ci_gather_quads(const void *p, long stride) {
  u8x16 v;
  for (int i = 0; i < 4; i++) __builtin_memcpy((char *)&v + 4 * i, (const char *)p + i * stride, 4);
  return __builtin_convertvector(v, i32x16);
}
CI_INLINE f32x16 ci_float(i32x16 a) { return __builtin_convertvector(a, f32x16); }
/// Byte `k` of every lane, then `shift` and `mask` within it, as a float.
CI_INLINE f32x16 ci_float_bits(i32x16 a, long k, long shift, int mask) {
  return ci_float((i32x16)((u32x16)a >> (unsigned)(8 * k + shift)) & mask);
}
/// Byte `k` of every lane as a signed number.
CI_INLINE f32x16 ci_float_byte(i32x16 a, long k) { return ci_float(a << (int)(24 - 8 * k) >> 24); }

/// The values of IQ4_NL's sixteen codes plus 128 (kvalues_iq4nl in ggml-common.h).
#define CI_IQ4_NL_VALUES \
  {1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241}

/// Four words of each of four rows, transposed: word k of the rows goes to `to + 64 * k`.
CI_INLINE void ci_transpose4(const void *r0, const void *r1, const void *r2, const void *r3,
                             unsigned flip, void *to) {
  u32x4 a, b, c, d;
  __builtin_memcpy(&a, r0, 16);
  __builtin_memcpy(&b, r1, 16);
  __builtin_memcpy(&c, r2, 16);
  __builtin_memcpy(&d, r3, 16);
  u32x4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), AB = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  u32x4 cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  u32x4 k[4] = {__builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
                __builtin_shufflevector(AB, CD, 0, 1, 4, 5), __builtin_shufflevector(AB, CD, 2, 3, 6, 7)};
  for (int i = 0; i < 4; i++) {
    u32x4 v = k[i] ^ flip;
    __builtin_memcpy((char *)to + 64 * i, &v, 16);
  }
}
/// The same for sixteen rows that lie `stride` bytes apart. With AVX2 past the caches, which `to`, a multiple
/// of 32, must not be in: what is written once and read much later need not be read before. `ci_finish_stores`
/// must follow.
CI_INLINE void ci_transpose16(const void *rows, long stride, unsigned flip, void *to) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  const __m256i flips = _mm256_set1_epi32((int)flip);
  for (int half = 0; half < 2; half++) {
    const char *row = (const char *)rows + 8 * half * stride;
    __m256i r[4];
    for (int i = 0; i < 4; i++) {
      r[i] = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(row + i * stride)));
      r[i] = _mm256_inserti128_si256(
          r[i], _mm_loadu_si128((const __m128i *)(row + (i + 4) * stride)), 1);
    }
    __m256i ab = _mm256_unpacklo_epi32(r[0], r[1]), AB = _mm256_unpackhi_epi32(r[0], r[1]);
    __m256i cd = _mm256_unpacklo_epi32(r[2], r[3]), CD = _mm256_unpackhi_epi32(r[2], r[3]);
    __m256i k[4] = {_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd),
                    _mm256_unpacklo_epi64(AB, CD), _mm256_unpackhi_epi64(AB, CD)};
    for (int i = 0; i < 4; i++) {
      _mm256_stream_si256(
          (__m256i *)((char *)to + 64 * i + 32 * half), _mm256_xor_si256(k[i], flips));
    }
  }
#else
  for (int four = 0; four < 4; four++) {
    const char *row = (const char *)rows + 4 * four * stride;
    ci_transpose4(row, row + stride, row + 2 * stride, row + 3 * stride, flip, (char *)to + 16 * four);
  }
#endif
}
/// Makes stores past the caches visible to other threads in the order of the program.
CI_INLINE void ci_finish_stores(void) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  _mm_sfence();
#endif
}
/// A half-precision number of each of sixteen rows that lie `stride` bytes apart, with bits flipped.
CI_INLINE void ci_gather_halves(const void *rows, long stride, unsigned short flip, void *to) {
  u16x16 v;
  for (int i = 0; i < 16; i++) {
    unsigned short half;
    __builtin_memcpy(&half, (const char *)rows + i * stride, 2);
    v[i] = half;
  }
  v ^= flip;
  __builtin_memcpy(to, &v, 32);
}
/// Bytes to read in place of rows that do not exist.
CI_INLINE const void *ci_zeros(void) {
  static const unsigned char zeros[256];
  return zeros;
}
/// Asks for memory that will be read soon, into the second-level cache: there are few line buffers for the
/// first level, and asked for by those alone a stream reaches 40 % of the bandwidth on Sapphire Rapids.
CI_INLINE void ci_prefetch(const void *p) { __builtin_prefetch(p, 0, 2); }
/// Asks for memory that will be read soon, and again later.
CI_INLINE void ci_prefetch_near(const void *p) { __builtin_prefetch(p, 0, 3); }

/// Keeps the compiler from moving loads across: it would fill more registers than there are.
CI_INLINE void ci_keep_order(void) { __asm__ volatile("" ::: "memory"); }

/// Finishes `v` before what follows: compilers would put operations that wait for each other side by side again,
/// however far apart they were written.
CI_INLINE f32x16 ci_in_order(f32x16 v) {
#if defined(__AVX512F__)
  __asm__ volatile("" : "+v"(v));
#elif defined(__AVX2__)
  union {
    f32x16 v;
    __m256 half[2];
  } both = {.v = v};
  __asm__ volatile("" : "+x"(both.half[0]), "+x"(both.half[1]));
  v = both.v;
#endif
  return v;
}

/// Loads the first `count` floats, with zeros behind them.
CI_INLINE f32x16 ci_load_first(const float *p, long count) {
#if defined(__AVX512F__)
  return (f32x16)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#else
  f32x16 v = {0};
  for (long i = 0; i < count; i++) v[i] = p[i];
  return v;
#endif
}
/// Stores the first `count` lanes, at most eight, of each half.
CI_INLINE void ci_store_halves(float *low, float *high, f32x16 v, long count) {
#if defined(__AVX512F__)
  __mmask8 mask = (__mmask8)((1u << count) - 1);
  _mm256_mask_storeu_ps(low, mask, _mm512_castps512_ps256((__m512)v));
  _mm256_mask_storeu_ps(high, mask, _mm512_extractf32x8_ps((__m512)v, 1));
#else
  for (long i = 0; i < count; i++) {
    low[i] = v[i];
    high[i] = v[i + 8];
  }
#endif
}
/// Whether any lane is at least `bound`.
CI_INLINE int ci_any_at_least(i32x16 v, int bound) {
#if defined(__AVX512F__)
  return _mm512_cmpge_epi32_mask((__m512i)v, _mm512_set1_epi32(bound)) != 0;
#else
  return __builtin_reduce_max(v) >= bound;
#endif
}
CI_INLINE void ci_store_first(float *p, f32x16 v, long count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#else
  for (long i = 0; i < count; i++) p[i] = v[i];
#endif
}

/// Sixteen bfloat16 values, widened exactly.
CI_INLINE f32x16 ci_bf16(const void *p) {
  u16x16 h;
  __builtin_memcpy(&h, p, 32);
  return (f32x16)(__builtin_convertvector(h, u32x16) << 16);
}
