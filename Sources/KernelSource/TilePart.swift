import CIntrinsics

/// What a part of a tile needs between its steps, for four pairs of blocks: of token t and block b, at
/// t + 8 b, the scale and its reciprocal; of token t 64 bytes of integers.
///
/// It lies on the stack: from an allocator it took a fifth of a tile's time at 256 columns.
struct PartScratch {
  typealias Memory = InlineArray<40, f32x16>
  static var pairs: Int { 4 }
  let memory: UnsafeMutableRawPointer

  func scales(_ pair: Int) -> UnsafeMutableRawPointer { memory + 640 &* pair }
  func inverses(_ pair: Int) -> UnsafeMutableRawPointer { scales(pair) + 64 }
  func integers(_ pair: Int) -> UnsafeMutableRawPointer { scales(pair) + 128 }
}

/// Up to eight tokens of a tile, whose scales and sums of two blocks of 32 columns are one vector each.
///
/// The bits are those of `quantiseBlock`.
struct TilePart {
  var x: UnsafePointer<Float>
  /// Those that are left.
  var columns: Int
  /// Of the next block; others lie `step` bytes behind each other.
  var records: UnsafeMutableRawPointer
  let stride: Int
  let tokens: Int
  let tileTokens: Int
  /// The first token's number in the tile.
  let first: Int
  let fields: Int
  let step: Int

  /// Quantises a few pairs of blocks, step by step: each step's work on all of them hides its latency.
  @inline(__always)
  mutating func quantiseNext(_ scratch: PartScratch) {
    let pairs = min(PartScratch.pairs, (columns &+ 63) &>> 6)
    var isFinite = true
    for pair in 0..<pairs where !findScales(pair, scratch) { isFinite = false }
    if isFinite {
      for pair in 0..<pairs {
        for t in 0..<tokens { storeIntegers(pair, t, scratch) }
      }
      for pair in 0..<pairs { storeFields(pair, scratch) }
    } else {
      for pair in 0..<pairs { quantiseSlowly(pair) }
    }
    x += 64 &* pairs
    columns &-= 64 &* pairs
    records += 2 &* pairs &* step
  }

  /// False if a value is not finite.
  @inline(__always)
  private func findScales(_ pair: Int, _ scratch: PartScratch) -> Bool {
    let largest =
      isNarrow(pair)
      ? ci_max_of_rows(x + 64 &* pair, stride, tokens, 1)
      : ci_max_of_rows(x + 64 &* pair, stride, tokens, 0)
    let exact = unsafeBitCast(largest, to: f32x16.self) / ci_splat(127)
    let bits = (unsafeBitCast(exact, to: i32x16.self) &+ ci_splat_int(0xFF)) & ci_splat_int(~0xFF)
    let rounded = unsafeBitCast(bits, to: f32x16.self)
    let tiny = ci_greater(ci_splat(smallestScale), rounded)
    let scale = ci_select(tiny, ci_splat(0), rounded)
    let inverse = ci_select(ci_greater(scale, ci_splat(0)), ci_splat(1) / rounded, ci_splat(0))
    scratch.scales(pair).storeBytes(of: scale, as: f32x16.self)
    scratch.inverses(pair).storeBytes(of: inverse, as: f32x16.self)
    return ci_any_at_least(largest, 0x7F80_0000) == 0
  }

  /// Whether the pair's second block lies behind the last column.
  @inline(__always)
  private func isNarrow(_ pair: Int) -> Bool { 64 &* pair &+ 32 >= columns }

  /// Sixteen columns of a token; zeros behind the last column.
  @inline(__always)
  private func vector(_ pair: Int, _ t: Int, _ k: Int) -> f32x16 {
    k >= 32 && isNarrow(pair) ? ci_splat(0) : load(x, t &* stride &+ 64 &* pair &+ k)
  }

  /// The integers of both blocks of a token.
  @inline(__always)
  private func storeIntegers(_ pair: Int, _ t: Int, _ scratch: PartScratch) {
    let low = splatFloat(scratch.inverses(pair), 4 &* t)
    let high = splatFloat(scratch.inverses(pair), 4 &* t &+ 32)
    let integers = ci_low_bytes_of_four(
      rounded(vector(pair, t, 0) * low), rounded(vector(pair, t, 16) * low),
      rounded(vector(pair, t, 32) * high), rounded(vector(pair, t, 48) * high))
    scratch.integers(pair).storeBytes(of: integers, toByteOffset: 64 &* t, as: u8x64.self)
    let to = records + (2 &* pair &* step &+ 32 &* (first &+ t))
    ci_store_byte_halves(to, to + step, integers)
  }

  /// The integer is in the low bits; a product and then a sum are two roundings on every instruction set.
  @inline(__always)
  private func rounded(_ product: f32x16) -> i32x16 {
    unsafeBitCast(product + ci_splat(magic), to: i32x16.self)
  }

  /// Everything but the integers.
  @inline(__always)
  private func storeFields(_ pair: Int, _ scratch: PartScratch) {
    let first = ci_sums_of_rows(scratch.integers(pair), 0)
    let second = ci_sums_of_rows(scratch.integers(pair), 1)
    let scale = scratch.scales(pair).load(as: f32x16.self)
    let record = records + 2 &* pair &* step
    var words = (record + (32 &* tileTokens &+ 4 &* self.first)).assumingMemoryBound(to: Float.self)
    func store(_ v: f32x16) {
      ci_store_halves(words, words + step / 4, v, tokens)
      words += tileTokens
    }
    store(scale)
    store(ci_splat(-magic) * scale)
    eachField(fields, FieldSums(whole: first &+ second, first: first, second: second)) { field in
      switch field {
      case .start(let offset, let sum):
        let bits = ci_splat_int(magicBits) &- ci_splat_int(offset) &* sum
        store(unsafeBitCast(bits, to: f32x16.self))
      case .scaled(let sum): store(scale * ci_float(sum))
      }
    }
  }

  /// Where a value is not finite the sums are not those of bytes.
  @inline(never)
  private func quantiseSlowly(_ pair: Int) {
    let record = records + 2 &* pair &* step
    for t in first..<first &+ tokens {
      let row = x + ((t &- first) &* stride &+ 64 &* pair)
      quantiseBlock(row, tileTokens, t, fields, record)
      if isNarrow(pair) {
        storeEmptyBlock(record + step, tileTokens, t, fields)
      } else {
        quantiseBlock(row + 32, tileTokens, t, fields, record + step)
      }
    }
  }
}
