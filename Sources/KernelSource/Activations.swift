import CIntrinsics

/// 1.5 * 2^23: adding it rounds a small float to the nearest even integer in its low bits.
let magic: Float = 12_582_912
let magicBits: Int32 = 0x4B40_0000

/// Scales below this are flushed to zero, so that `magic * scale` is always exact.
let smallestScale: Float = 0x1p-100

/// Quantises one tile of activation rows to int8 per 32 columns.
///
/// The scale is `max|x| / 127` rounded up to 16 significant bits. The start of an integer sum already
/// holds the bits of `magic` and the correction for weights stored with an offset, so that the finished
/// sum, read as a float, is `magic + dot`; one fma with `-magic * scale` then both converts and scales.
@inline(never)
func quantise(
  _ x: UnsafePointer<Float>, _ stride: Int, _ tokens: Int, _ columns: Int, _ fields: Int,
  _ records: UnsafeMutableRawPointer
) {
  if tokens < 4 { return quantiseRows(x, stride, tokens, columns, fields, records) }
  // Maxima of sixteen tokens, then sums of both halves of their integers: a vector each.
  withUnsafeTemporaryAllocation(byteCount: 3 &* 1024, alignment: 64) { scratch in
    let rows = TokenRows(scratch.baseAddress!)
    var record = records
    var k = 0
    while k < columns {
      quantiseTile(x + k, stride, tokens, fields, record, rows)
      record += ci_token_bytes(fields) &* tokens
      k &+= 32
    }
    if columns & 63 != 0 { storeEmptyBlock(record, tokens, fields) }
  }
}

private func quantiseRows(
  _ x: UnsafePointer<Float>, _ stride: Int, _ tokens: Int, _ columns: Int, _ fields: Int,
  _ records: UnsafeMutableRawPointer
) {
  var record = records
  var k = 0
  while k < columns {
    for t in 0..<tokens {
      quantiseBlock(x + (t &* stride &+ k), tokens, t, fields, record)
    }
    record += ci_token_bytes(fields) &* tokens
    k &+= 32
  }
  if columns & 63 != 0 { storeEmptyBlock(record, tokens, fields) }
}

private func storeEmptyBlock(
  _ record: UnsafeMutableRawPointer, _ tokens: Int, _ fields: Int
) {
  for t in 0..<tokens {
    let zero = ci_low_bytes(ci_splat_int(0))
    record.storeBytes(of: zero, toByteOffset: 32 &* t, as: i8x16.self)
    record.storeBytes(of: zero, toByteOffset: 32 &* t &+ 16, as: i8x16.self)
    storeFields(record, tokens, t, fields, scale: 0, first: 0, second: 0)
  }
}

/// Vectors of up to sixteen tokens of a tile, to be reduced together.
private struct TokenRows {
  let maxima: UnsafeMutableRawPointer
  var first: UnsafeMutableRawPointer { maxima + 1024 }
  var second: UnsafeMutableRawPointer { maxima + 2048 }

  /// What lies behind the last token is never stored, but has to be a number.
  init(_ memory: UnsafeMutableRawPointer) {
    maxima = memory
    for i in 0..<48 {
      memory.storeBytes(of: ci_splat_int(0), toByteOffset: 64 &* i, as: i32x16.self)
    }
  }
}

/// The bits of `quantiseBlock` for 32 columns of all tokens of a tile: maxima, scales and sums in lanes.
@inline(__always)
private func quantiseTile(
  _ x: UnsafePointer<Float>, _ stride: Int, _ tokens: Int, _ fields: Int,
  _ record: UnsafeMutableRawPointer, _ rows: TokenRows
) {
  for t in 0..<tokens {
    let largest = ci_max_magnitude_bits(load(x, t &* stride), load(x, t &* stride &+ 16))
    rows.maxima.storeBytes(of: largest, toByteOffset: 64 &* t, as: i32x16.self)
  }
  let exact = unsafeBitCast(ci_max_of_rows(rows.maxima), to: f32x16.self) / ci_splat(127)
  let bits = (unsafeBitCast(exact, to: i32x16.self) &+ ci_splat_int(0xFF)) & ci_splat_int(~0xFF)
  let rounded = unsafeBitCast(bits, to: f32x16.self)
  let tiny = ci_greater(ci_splat(smallestScale), rounded)
  let scale = ci_select(tiny, ci_splat(0), rounded)
  let inverse = ci_select(ci_greater(scale, ci_splat(0)), ci_splat(1) / rounded, ci_splat(0))
  let words = (record + 32 &* tokens).assumingMemoryBound(to: Float.self)
  // Kept where the biases will lie: read back token by token.
  let inverses = words + tokens
  ci_store_first(inverses, inverse, tokens)
  for t in 0..<tokens {
    let factor = ci_splat(inverses[t])
    // A product and then a sum: two roundings, on every instruction set.
    let q0 = unsafeBitCast(load(x, t &* stride) * factor + ci_splat(magic), to: i32x16.self)
    let q1 = unsafeBitCast(load(x, t &* stride &+ 16) * factor + ci_splat(magic), to: i32x16.self)
    let i0 = q0 &- ci_splat_int(magicBits)
    let i1 = q1 &- ci_splat_int(magicBits)
    record.storeBytes(of: ci_low_bytes(i0), toByteOffset: 32 &* t, as: i8x16.self)
    record.storeBytes(of: ci_low_bytes(i1), toByteOffset: 32 &* t &+ 16, as: i8x16.self)
    rows.first.storeBytes(of: i0, toByteOffset: 64 &* t, as: i32x16.self)
    rows.second.storeBytes(of: i1, toByteOffset: 64 &* t, as: i32x16.self)
  }
  ci_store_first(words, scale, tokens)
  ci_store_first(inverses, ci_splat(-magic) * scale, tokens)
  storeFields(words + 2 &* tokens, tokens, fields, scale, rows)
}

/// The fields of all tokens of a tile, in the order of `ci_fields`.
@inline(__always)
private func storeFields(
  _ words: UnsafeMutablePointer<Float>, _ tokens: Int, _ fields: Int, _ scale: f32x16,
  _ rows: TokenRows
) {
  let first = ci_sum_of_rows(rows.first)
  let second = ci_sum_of_rows(rows.second)
  var word = words
  func start(_ mask: Int, _ offset: Int32, _ sum: i32x16) {
    if fields & mask == 0 { return }
    let start = ci_splat_int(magicBits) &- ci_splat_int(offset) &* sum
    ci_store_first(word, unsafeBitCast(start, to: f32x16.self), tokens)
    word += tokens
  }
  func scaled(_ mask: Int, _ sum: i32x16) {
    if fields & mask == 0 { return }
    ci_store_first(word, scale * ci_float(sum), tokens)
    word += tokens
  }
  start(1 &<< 0, ci_byte_offset(), first &+ second)
  start(1 &<< 1, 8, first &+ second)
  start(1 &<< 2, 16, first &+ second)
  start(1 &<< 3, 32, first)
  start(1 &<< 4, 32, second)
  start(1 &<< 5, 4, first)
  start(1 &<< 6, 4, second)
  scaled(1 &<< 7, first &+ second)
  scaled(1 &<< 8, first)
  scaled(1 &<< 9, second)
}

@inline(__always)
private func quantiseBlock(
  _ x: UnsafePointer<Float>, _ tokens: Int, _ t: Int, _ fields: Int,
  _ record: UnsafeMutableRawPointer
) {
  let x0 = load(x, 0)
  let x1 = load(x, 16)
  let largest = ci_reduce_max(ci_max_magnitude_bits(x0, x1))
  let exact = Float(bitPattern: UInt32(bitPattern: largest)) / 127
  let rounded = Float(bitPattern: (exact.bitPattern &+ 0xFF) & ~0xFF)
  let scale: Float = rounded < smallestScale ? 0 : rounded
  let inverse: Float = scale > 0 ? 1 / scale : 0
  // A product and then a sum: two roundings, on every instruction set.
  let q0 = unsafeBitCast(x0 * ci_splat(inverse) + ci_splat(magic), to: i32x16.self)
  let q1 = unsafeBitCast(x1 * ci_splat(inverse) + ci_splat(magic), to: i32x16.self)
  let i0 = q0 &- ci_splat_int(magicBits)
  let i1 = q1 &- ci_splat_int(magicBits)
  record.storeBytes(of: ci_low_bytes(i0), toByteOffset: 32 &* t, as: i8x16.self)
  record.storeBytes(of: ci_low_bytes(i1), toByteOffset: 32 &* t &+ 16, as: i8x16.self)
  storeFields(
    record, tokens, t, fields, scale: scale, first: ci_reduce_add(i0), second: ci_reduce_add(i1))
}

/// Everything of a token but its values; `first` and `second` are the sums of both halves of them.
@inline(__always)
private func storeFields(
  _ record: UnsafeMutableRawPointer, _ tokens: Int, _ t: Int, _ fields: Int, scale: Float,
  first: Int32, second: Int32
) {
  var word = record + (32 &* tokens &+ 4 &* t)
  word.storeBytes(of: scale, as: Float.self)
  word += 4 &* tokens
  word.storeBytes(of: -magic * scale, as: Float.self)
  // In the order of `ci_fields`.
  func start(_ mask: Int, _ offset: Int32, _ sum: Int32) {
    if fields & mask == 0 { return }
    word += 4 &* tokens
    word.storeBytes(of: magicBits &- offset &* sum, as: Int32.self)
  }
  func scaled(_ mask: Int, _ sum: Int32) {
    if fields & mask == 0 { return }
    word += 4 &* tokens
    word.storeBytes(of: scale * Float(sum), as: Float.self)
  }
  start(1 &<< 0, ci_byte_offset(), first &+ second)
  start(1 &<< 1, 8, first &+ second)
  start(1 &<< 2, 16, first &+ second)
  start(1 &<< 3, 32, first)
  start(1 &<< 4, 32, second)
  start(1 &<< 5, 4, first)
  start(1 &<< 6, 4, second)
  scaled(1 &<< 7, first &+ second)
  scaled(1 &<< 8, first)
  scaled(1 &<< 9, second)
}
