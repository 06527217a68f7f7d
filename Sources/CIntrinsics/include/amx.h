// The matrix unit (AMX): sums of 16 tokens by 16 rows over 32 columns in one instruction.
//
// A product takes turns between two sets of tile registers, named here by `slot`, 0 or 1:
//     sums         tile 0 or 1: [16 tokens][16 rows] int32
//     activations  tile 2 or 3: [16 tokens][32 columns] int8, one block of activation records
//     weights      tile 4 or 5: [8 quads][16 rows][4 columns] int8, one expanded block
// Tile numbers are part of the instruction, hence the branches, which are gone once `slot` is a constant.
#pragma once
#include <stdint.h>

/// Gives the tile registers their shapes; ends with `ci_tiles_release`.
CI_INLINE void ci_tiles_configure(void) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } shapes = {
      .palette = 1,
      .row_bytes = {64, 64, 32, 32, 64, 64, 64, 64},
      .rows = {16, 16, 16, 16, 8, 8, 16, 16}};
  _tile_loadconfig(&shapes);
}

/// Returns the registers to their initial state, which the operating system need not save.
CI_INLINE void ci_tiles_release(void) { _tile_release(); }

CI_INLINE void ci_tile_load_activations(int slot, const void *values) {
  if (slot) _tile_loadd(3, values, 32); else _tile_loadd(2, values, 32);
}
CI_INLINE void ci_tile_load_weights(int slot, const void *values) {
  if (slot) _tile_loadd(5, values, 64); else _tile_loadd(4, values, 64);
}
/// The sums of one block from zero.
CI_INLINE void ci_tile_multiply(int slot) {
  if (slot) {
    _tile_zero(1);
    _tile_dpbssd(1, 3, 5);
  } else {
    _tile_zero(0);
    _tile_dpbssd(0, 2, 4);
  }
}
CI_INLINE void ci_tile_store_sums(int slot, void *sums) {
  if (slot) _tile_stored(1, sums, 64); else _tile_stored(0, sums, 64);
}

/// `fma(fma(float(magic + sums), scale, bias), weights, chain)`: what the other kernels do with the sums
/// of one token and 16 rows.
///
/// In assembly because its place among the tile instructions is what keeps both units busy: left to the
/// compiler, all loads move ahead of all arithmetic, and the sixteen chains are spilled.
CI_INLINE f32x16 ci_tile_add(f32x16 chain, f32x16 weights, i32x16 magic, const void *sums,
                             const void *scale, const void *bias) {
  f32x16 value, splat;
  __asm__ volatile(
      "vpaddd %[sums], %[magic], %[value]\n\t"
      "vbroadcastss %[bias], %[splat]\n\t"
      "vfmadd132ps %[scale]%{1to16%}, %[splat], %[value]\n\t"
      "vfmadd231ps %[weights], %[value], %[chain]"
      : [chain] "+v"(chain), [value] "=&v"(value), [splat] "=&v"(splat)
      : [weights] "v"(weights), [magic] "v"(magic), [sums] "m"(*(const i32x16 *)sums),
        [scale] "m"(*(const float *)scale), [bias] "m"(*(const float *)bias));
  return chain;
}

/// `fma(addend, factor, chain)` with one factor for all lanes.
CI_INLINE f32x16 ci_tile_add_addend(f32x16 chain, f32x16 addend, const void *factor) {
  __asm__ volatile("vfmadd231ps %[factor]%{1to16%}, %[addend], %[chain]"
                   : [chain] "+v"(chain)
                   : [addend] "v"(addend), [factor] "m"(*(const float *)factor));
  return chain;
}

/// As many tile products as keep the unit busy, with its two operands in registers: for its limit.
CI_INLINE void ci_tile_work(long iterations) {
  for (long i = 0; i < iterations; i++) {
    _tile_dpbssd(0, 2, 4);
    _tile_dpbssd(1, 2, 4);
    _tile_dpbssd(6, 2, 4);
    _tile_dpbssd(7, 2, 4);
  }
}
