// The kernels, once. KernelsAVX512, KernelsAVX2 and KernelsPortable each compile this folder with their own
// flags (their `Shared` is a link to it) and add a `Tiling` that says how many registers there are; `Kernels`
// chooses one of the three tables at run time. Every variant gives the same bits, which rests on this:
//
// - one output row lives in one lane and is one chain of fused multiply-adds: tile sizes do not matter;
// - sums across lanes have sixteen lanes and one order (`laneSum`), whatever the register width;
// - a product next to a sum is either `ci_fma` or two roundings, never left to the compiler;
// - no function of libm.
//
// No Foundation, classes, existentials or arrays: the source also compiles as Embedded Swift.
import CIntrinsics

/// The table of this target's kernels.
///
/// Every entry is a plain C function over pointers and numbers.
@inline(never)
func makeKernelTable() -> ci_kernels {
  var k = ci_kernels()
  k.quantised_tile_tokens = Tiling.quantisedTokens
  k.float_tile_tokens = Tiling.floatTokens
  k.attention_tile_rows = Tiling.attentionRows
  k.attention_block = attentionBlock
  k.integer_operations = 128 * Tiling.Limits.count
  k.fma_operations = 32 * Tiling.Limits.count
  addMatrixKernels(&k)
  addRowKernels(&k)
  k.read = { readMemory($0!, $1) }
  k.integer_work = { integerWork($0) }
  k.fma_work = { fmaWork($0) }
  return k
}

private func addMatrixKernels(_ k: inout ci_kernels) {
  k.pack = { pack($0!, $1, $2, $3, $4!) }
  k.unpack_row = { unpackRow($0!, $1, $2, $3, $4!) }
  k.quantise = { quantise($0!, $1, $2, $3, $4, $5!) }
  k.multiply = { multiply($0!, $1, $2, $3, $4, $5) }
  k.store_kv = { storeKV($0!, $1!, $2, $3, $4, $5, $6, $7!, $8, $9) }
  k.attend = { attend($0!.pointee, $1!.pointee, $2!.pointee, $3!) }
  k.merge_attention = { mergeAttention($0!.pointee, $1!.pointee, $2!.pointee, $3!) }
  k.attention_partial = { AttentionPartial.floats($0!.pointee) }
  k.attention_scratch = { AttentionScratch.floats($0!.pointee) }
}

private func addRowKernels(_ k: inout ci_kernels) {
  k.rms_norm = { rmsNorm($0!, $1!, $2, $3!, $4, $5, $6) }
  k.layer_norm = { layerNorm($0!, $1!, $2!, $3, $4, $5, $6) }
  k.add_layer_norm = { addLayerNorm($0!, $1!, $2!, $3!, $4!, $5, $6, $7, $8) }
  k.add = { add($0!, $1!, $2, $3, $4, $5) }
  k.scale = { scale($0!, $1, $2, $3, $4) }
  k.silu_multiply = { siluMultiply($0!, $1!, $2, $3, $4) }
  k.gelu_tanh_multiply = { geluTanhMultiply($0!, $1!, $2, $3, $4) }
  k.soft_cap = { softCap($0!, $1, $2, $3, $4) }
  k.gelu = { gelu($0!, $1!, $2, $3, $4) }
  k.rope = { rope($0!, $1!, $2, $3) }
  k.argmax = { argmax($0!, $1) }
  k.exp_parts = { exponentialParts($0!, $1, $2, $3, $4!, $5) }
  k.exp = { exponentialRow($0!, $1!, $2) }
  k.to_half = { halves($0!, $1!, $2) }
  k.from_half = { widenHalves($0!, $1!, $2) }
  k.fma = { fusedMultiplyAdd($0!, $1!, $2!, $3!, $4) }
}
