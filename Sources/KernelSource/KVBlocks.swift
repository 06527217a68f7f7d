// KV memory of a segment and layer with room for a multiple of 16 positions: tiles of 256 positions, the last
// one of what is left, each [kv head]{K: groups of 64 positions, the last one of what is left,
// [dimension][positions of the group]; V [position][dimension padded to 16]}, all of them float16. So one
// that decodes reads a tile front to back. Positions that are not stored yet hold whatever was there: their
// scores are masked, and their values are never read into a sum.
import CIntrinsics

/// Positions whose scores are computed in the lanes of one vector.
@inline(__always) var kvBlockPositions: Int { 16 }
@inline(__always) var kvGroupPositions: Int { 64 }
@inline(__always) var kvTilePositions: Int { 256 }

/// One kv head of a tile of positions, in bytes from the segment's memory.
struct KVTile {
  /// That there is room for.
  let positions: Int
  let keys: Int
  let values: Int
  private let dimension: Int

  @inline(__always)
  init(_ index: Int, capacity: Int, heads: Int, head: Int, dimension: Int) {
    let first = index &* kvTilePositions
    positions = min(capacity &- first, kvTilePositions)
    keys = (first &* heads &+ positions &* head) &* 2 &* (dimension &+ padded(dimension))
    values = keys &+ 2 &* positions &* dimension
    self.dimension = dimension
  }

  /// The keys of a group, the distance of its rows and, in values, that of the lanes of a position.
  @inline(__always)
  func group(_ index: Int) -> (keys: Int, stride: Int) {
    let first = index &* kvGroupPositions
    return (keys &+ 2 &* first &* dimension, min(positions &- first, kvGroupPositions))
  }
}

/// Float16 of sixteen floats, rounded to nearest even.
///
/// Saturates at the largest finite value, 65504, which also replaces what is not a number: stored keys
/// and values are always finite, so a weight of zero hides a position completely.
@inline(__always)
func half(_ v: f32x16) -> u16x16 {
  ci_to_f16(ci_max(ci_min(v, ci_splat(65504)), ci_splat(-65504)))
}

/// Stores rows of keys and values at `position` and behind.
@inline(never)
func storeKV(
  _ keys: UnsafePointer<Float>, _ values: UnsafePointer<Float>, _ keyStride: Int,
  _ valueStride: Int, _ rows: Int, _ heads: Int, _ dimension: Int,
  _ base: UnsafeMutableRawPointer, _ position: Int, _ capacity: Int
) {
  var row = 0
  while row < rows {
    let inTile = (position &+ row) & (kvTilePositions &- 1)
    let lane = inTile & (kvGroupPositions &- 1)
    // Whole blocks of keys are transposed in registers: a third of the instructions.
    let count = lane & 15 == 0 && rows &- row >= 16 && dimension & 15 == 0 ? 16 : 1
    for h in 0..<heads {
      let tile = KVTile(
        (position &+ row) / kvTilePositions, capacity: capacity, heads: heads, head: h,
        dimension: dimension)
      let group = tile.group(inTile / kvGroupPositions)
      let from = keys + (row &* keyStride &+ h &* dimension)
      let to = base + (group.keys &+ 2 &* lane)
      if count == 16 {
        storeKeys(from, keyStride, dimension, to, group.stride)
      } else {
        storeKey(from, dimension, to, group.stride)
      }
      for r in 0..<count {
        let value = base + (tile.values &+ 2 &* (inTile &+ r) &* padded(dimension))
        halves(
          values + ((row &+ r) &* valueStride &+ h &* dimension),
          value.assumingMemoryBound(to: UInt16.self), dimension)
      }
    }
    row &+= count
  }
}

/// The keys of a block's sixteen positions; `rowStride` values lie between the rows of a group.
@inline(__always)
private func storeKeys(
  _ keys: UnsafePointer<Float>, _ stride: Int, _ dimension: Int, _ to: UnsafeMutableRawPointer,
  _ rowStride: Int
) {
  var d = 0
  while d < dimension {
    let rows = to + 2 &* rowStride &* d
    for lane in 0..<16 {
      rows.storeBytes(
        of: half(load(keys, lane &* stride &+ d)), toByteOffset: 2 &* rowStride &* lane,
        as: u16x16.self)
    }
    ci_transpose_halves(rows, 2 &* rowStride)
    d &+= 16
  }
}

/// One position's key becomes one lane of its group.
@inline(__always)
private func storeKey(
  _ key: UnsafePointer<Float>, _ dimension: Int, _ lane: UnsafeMutableRawPointer, _ rowStride: Int
) {
  let to = lane.assumingMemoryBound(to: UInt16.self)
  var d = 0
  while d < dimension {
    let width = min(16, dimension &- d)
    let h = half(width == 16 ? load(key, d) : ci_load_first(key + d, width))
    for i in 0..<width { to[rowStride &* (d &+ i)] = h[i] }
    d &+= 16
  }
}

/// Float16 of a row, saturating.
@inline(never)
func halves(_ x: UnsafePointer<Float>, _ output: UnsafeMutablePointer<UInt16>, _ count: Int) {
  var i = 0
  while i &+ 16 <= count {
    UnsafeMutableRawPointer(output + i).storeBytes(of: half(load(x, i)), as: u16x16.self)
    i &+= 16
  }
  if i < count {
    let h = half(ci_load_first(x + i, count &- i))
    for lane in 0..<count &- i { output[i &+ lane] = h[lane] }
  }
}

/// Float32 of a row of float16, of whole vectors at a time for the kernels' own use.
@inline(never)
func widenHalves(_ x: UnsafePointer<UInt16>, _ output: UnsafeMutablePointer<Float>, _ count: Int) {
  var i = 0
  while i &+ 16 <= count {
    store(ci_f16(x + i), output, i)
    i &+= 16
  }
  if i < count {
    var rest = u16x16(repeating: 0)
    for lane in 0..<count &- i { rest[lane] = x[i &+ lane] }
    let wide = withUnsafeBytes(of: &rest) { ci_f16($0.baseAddress) }
    ci_store_first(output + i, wide, count &- i)
  }
}
