// The packed weight layout, shared by prefill and decode. Sizes are in formats.h.
//
// A group is 16 rows. Float: [column][16 rows]. Quantised: one record after another, each of 64 or 256
// columns, in which every vector of 64 bytes holds 16 rows, row by row, of 4 consecutive columns (a
// quad) or of 4 consecutive words of the file; lanes are output rows. Rows are padded to a multiple of
// 16 and columns to one of 64 with blocks whose scale is zero.
//
// Records of 64 columns, two blocks of 32, for the formats whose file has a f16 scale per block:
//     scales   [2 blocks][16 rows] f16
//     addends  [2][16] f16                Q4_1, Q5_1: what the file calls the minimum
//     values   Q8_0:   [2][8 quads] vectors of weight + 128
//              others: [2][4] vectors: quad j in the low and quad j + 4 in the high half of each byte
//     fifth    [2] vectors                Q5_0, Q5_1: bit j of a byte belongs to quad j
//
// Records of 256 columns, eight blocks of 32, for the K formats:
//     scale    [16] f16, then [16] f16 of addends (the file's minimum scale, negated) or padding
//     scales   4 vectors. Q4_K, Q5_K: byte b of a word of vectors 0 and 1 scales block b, vectors 2 and 3
//              hold its minimum. Others: byte by 16-column half block; Q3_K and Q6_K signed, Q2_K scale in
//              the low and minimum in the high half.
//     values   from byte 320 on, as the file has them, so that packing only transposes words. Q4_K, Q5_K: 4 x 8 vectors,
//              block b in half b % 2 of the bytes of chunk b / 2. Q6_K: 2 x 2 x 8, block b in half
//              b / 2 % 2 of chunk (b / 4, b % 2). Q2_K, Q3_K: 2 x 8, block b in bits 2 (b % 4) of chunk b / 4.
//     upper    Q5_K, Q3_K: 8 vectors, one a quad, bit b for block b. Q6_K: 2 x 8, two bits as Q2_K's values.
//
// An output is one chain: for each block, and for each part of it that has a scale of its own,
//     sum = fma(fma(float(dot), activation scale, 0), weight scale, sum), then, with an addend,
//     sum = fma(activation scale * float(sum of activations), addend, sum).
// A K format's scale times its integer is exact, so every weight scale is one float. 16-column parts take
// two fused multiply-adds: the exact combination in int32 costs two multiplications that are no cheaper.
//
// Expanded, for products with several tokens (`expand`), per group of 16 rows:
//     values   [block][8 quads] vectors of weight + offset
//     scales   [block][part][scale, addend] vectors of 16 f32, the addend where there is one
// Of Q8_0, and of Q4_0 where a processor takes nibbles apart beside multiplying, only the scales are expanded.
//
// Activations, one record per tile of T tokens and 32 columns:
//     [T][32] int8, [T] f32 scale, [T] f32 -magic * scale, then [T] words for each of the fields that the
//     matrices of the call need (`ci_fields`): int32 start of the sum, or f32 scale * sum of the values.
import CIntrinsics

@inline(__always)
func isQuantised(_ format: Int) -> Bool { format >= CI_Q8_0 }

/// What is added to a weight's integer to store it unsigned.
@inline(__always)
func offset(_ format: Int) -> Int {
  switch format {
  case CI_Q8_0, CI_IQ4_NL: 128
  case CI_Q4_0: 8
  case CI_Q5_0: 16
  case CI_Q6_K: 32
  case CI_Q3_K: 4
  default: 0
  }
}

/// Where the parts of a record lie, in bytes; what a format does not have is 0.
struct RecordLayout {
  let addends: Int
  let values: Int
  let upper: Int

  @inline(__always)
  init(_ format: Int) {
    switch format {
    case CI_Q8_0, CI_Q4_0, CI_IQ4_NL: (addends, values, upper) = (0, 64, 0)
    case CI_Q4_1: (addends, values, upper) = (64, 128, 0)
    case CI_Q5_0: (addends, values, upper) = (0, 64, 576)
    case CI_Q5_1: (addends, values, upper) = (64, 128, 640)
    case CI_Q3_K: (addends, values, upper) = (32, 320, 1344)
    default: (addends, values, upper) = (32, 320, 2368)
    }
  }

  /// Integer scales of the K formats.
  static var scales: Int { 64 }
}

/// A batch of tokens cut into tiles that differ by at most one token: 64 is 9 x 6 + 2 x 5, not
/// 10 x 6 + 4, because a narrow tile costs almost as much as a wide one.
///
/// Tiles of a matrix unit are whole but for the last.
struct TileSplit {
  let tokens: Int
  let count: Int
  let small: Int
  let wide: Int

  @inline(__always)
  init(_ tokens: Int, limit: Int) {
    self.tokens = tokens
    count = (tokens &+ limit &- 1) / limit
    small = limit == CI_MATRIX_TILE ? limit : tokens / max(count, 1)
    wide = max(0, tokens &- small &* count)
  }

  @inline(__always)
  func start(_ tile: Int) -> Int { tile &* small &+ min(tile, wide) }

  @inline(__always)
  func size(_ tile: Int) -> Int { min(tile < wide ? small &+ 1 : small, tokens &- start(tile)) }
}
