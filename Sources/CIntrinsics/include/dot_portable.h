// Any machine: SSE2 on x86-64, plain loops elsewhere.
#pragma once

/// What `ci_dot8` leaves in the sum for each unit of x: the offset of weights stored as bytes, or nothing.
CI_INLINE int ci_byte_offset(void) { return 128; }


#if defined(__x86_64__)
typedef short i16x32 __attribute__((vector_size(64)));

union ci_quarters {
  i16x32 s;
  i32x16 i;
  __m128i x[4];
};

/// Even and odd bytes as 16-bit numbers, multiplied and added in pairs: exact.
CI_INLINE i32x16 ci_dot8(i32x16 sum, u8x64 weights, i32x16 x) {
  i16x32 w = (i16x32)weights, b = (i16x32)x;
  union ci_quarters s = {.i = sum}, evenW = {.s = w & 255}, oddW = {.s = (i16x32)((u16x32)w >> 8)};
  union ci_quarters evenX = {.s = (b << 8) >> 8}, oddX = {.s = b >> 8};
  for (int q = 0; q < 4; q++) {
    __m128i even = _mm_madd_epi16(evenW.x[q], evenX.x[q]);
    __m128i odd = _mm_madd_epi16(oddW.x[q], oddX.x[q]);
    s.x[q] = _mm_add_epi32(s.x[q], _mm_add_epi32(even, odd));
  }
  return s.i;
}
#else
CI_INLINE i32x16 ci_dot8(i32x16 sum, u8x64 weights, i32x16 x) {
  union {
    i32x16 i;
    signed char c[64];
  } b = {.i = x};
  for (int lane = 0; lane < 16; lane++)
    for (int k = 0; k < 4; k++) sum[lane] += weights[4 * lane + k] * b.c[4 * lane + k];
  return sum;
}
#endif
CI_INLINE i32x16 ci_dot4(i32x16 sum, u8x64 weights, i32x16 x) { return ci_dot8(sum, weights, x); }

/// Half precision by integer arithmetic: rebias by a power of two, which is exact, and keep infinities.
CI_INLINE f32x16 ci_f16(const void *p) {
  u16x16 h;
  __builtin_memcpy(&h, p, 32);
  u32x16 x = __builtin_convertvector(h, u32x16);
  u32x16 magnitude = (x & 0x7fff) << 13;
  f32x16 finite = (f32x16)magnitude * 0x1p112f;
  u32x16 special = (u32x16)((x & 0x7fff) >= 0x7c00);
  u32x16 bits = ((u32x16)finite & ~special) | ((magnitude | 0x7f800000u) & special);
  return (f32x16)(bits | ((x & 0x8000) << 16));
}
/// The values of IQ4_NL, plus 128, for codes 0...15.
CI_INLINE u8x64 ci_iq4_nl(u8x64 codes) {
  static const unsigned char values[16] = CI_IQ4_NL_VALUES;
  for (int i = 0; i < 64; i++) codes[i] = values[codes[i]];
  return codes;
}
/// Rounds to nearest even; beyond 65504 becomes infinite.
///
/// Below 2^-14 the addition of 0.5, whose last bit is worth the smallest half, rounds; above, adding just
/// under half of the last kept bit does, and one more where that bit is odd.
CI_INLINE u16x16 ci_to_f16(f32x16 v) {
  u32x16 x = (u32x16)v, magnitude = x & 0x7fffffff;
  u32x16 small = (u32x16)((f32x16)magnitude + 0.5f) - 0x3f000000u;
  u32x16 normal = (magnitude - 0x38000000u + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  u32x16 isSmall = (u32x16)(magnitude < 0x38800000u), isLarge = (u32x16)(magnitude >= 0x47800000u);
  u32x16 half = (small & isSmall) | (normal & ~isSmall & ~isLarge) | (0x7c00u & isLarge);
  return __builtin_convertvector(half | ((x >> 16) & 0x8000), u16x16);
}
/// Hides a value from the optimiser, so that a measured loop is not folded away.
CI_INLINE u8x64 ci_opaque(u8x64 a) {
  __asm__ volatile("" : "+m"(a));
  return a;
}
