// The packed weight layout, shared by prefill and decode.
//
// Quantised: for each group of 16 rows one record per 64 columns:
//     [2 blocks][16 rows] f16 scales, then per block 8 (Q8_0) or 4 (Q4_0) vectors of 64 bytes,
//     each holding 4 consecutive columns of the 16 rows, row by row.
// A record is 1088 or 576 bytes: one aligned stream. Q8_0 bytes are stored as weight + 128. A Q4_0 byte
// holds column k in its low and column k + 16 in its high half, as in GGUF. Columns are padded to a
// multiple of 64 and rows to a multiple of 16 with blocks whose scale is zero.
// Float: for each group of 16 rows [column][16 rows].
//
// Activations, one record per tile of T tokens and 32 columns, 44 T bytes:
//     [T][32] int8, [T] int32 start of the sum, [T] f32 scale, [T] f32 -magic * scale
import CIntrinsics

let recordHeader = 64

@inline(__always)
func recordBytes(_ format: Int) -> Int { format == CI_Q4_0 ? 576 : 1088 }

@inline(__always)
func blockBytes(_ format: Int) -> Int { format == CI_Q4_0 ? 256 : 512 }

/// The number of 32-column blocks, padded to even.
@inline(__always)
func blockCount(_ columns: Int) -> Int { (columns &+ 63) / 64 &* 2 }

@inline(__always)
func isQuantised(_ format: Int) -> Bool { format >= CI_Q8_0 }

/// Bytes of a packed group of 16 rows.
@inline(__always)
func groupBytes(_ format: Int, _ columns: Int) -> Int {
  if isQuantised(format) { return blockCount(columns) / 2 &* recordBytes(format) }
  return columns &* (format == CI_F32 ? 64 : 32)
}

/// A batch of tokens cut into tiles that differ by at most one token: 64 is 9 x 6 + 2 x 5, not
/// 10 x 6 + 4, because a narrow tile costs almost as much as a wide one.
struct TileSplit {
  let count: Int
  let small: Int
  let wide: Int

  @inline(__always)
  init(_ tokens: Int, limit: Int) {
    count = (tokens &+ limit &- 1) / limit
    small = tokens / max(count, 1)
    wide = tokens &- small &* count
  }

  @inline(__always)
  func start(_ tile: Int) -> Int { tile &* small &+ min(tile, wide) }

  @inline(__always)
  func size(_ tile: Int) -> Int { tile < wide ? small &+ 1 : small }
}
