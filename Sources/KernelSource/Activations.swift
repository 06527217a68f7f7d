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
  if tokens == 1 { return quantiseRow(x, columns, fields, records) }
  var memory = PartScratch.Memory(repeating: ci_splat(0))
  withUnsafeMutablePointer(to: &memory) {
    let scratch = PartScratch(memory: UnsafeMutableRawPointer($0))
    let step = ci_token_bytes(fields) &* tokens
    var token = 0
    while token < tokens {
      var part = TilePart(
        x: x + token &* stride, columns: columns, records: records, stride: stride,
        tokens: min(8, tokens &- token), tileTokens: tokens, first: token, fields: fields,
        step: step)
      while part.columns > 0 { part.quantiseNext(scratch) }
      token &+= 8
    }
  }
}

/// One token: blocks follow each other, and nothing is gained by lanes.
private func quantiseRow(
  _ x: UnsafePointer<Float>, _ columns: Int, _ fields: Int, _ records: UnsafeMutableRawPointer
) {
  var record = records
  var k = 0
  while k < columns {
    quantiseBlock(x + k, 1, 0, fields, record)
    record += ci_token_bytes(fields)
    k &+= 32
  }
  if columns & 63 != 0 { storeEmptyBlock(record, 1, 0, fields) }
}

/// The block behind an odd number of them.
func storeEmptyBlock(
  _ record: UnsafeMutableRawPointer, _ tokens: Int, _ t: Int, _ fields: Int
) {
  let zero = ci_low_bytes(ci_splat_int(0))
  record.storeBytes(of: zero, toByteOffset: 32 &* t, as: i8x16.self)
  record.storeBytes(of: zero, toByteOffset: 32 &* t &+ 16, as: i8x16.self)
  storeFields(record, tokens, t, fields, scale: 0, first: 0, second: 0)
}

/// 32 columns of token `t` of a record of `tokens`.
@inline(__always)
func quantiseBlock(
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
  eachField(fields, FieldSums(whole: first &+ second, first: first, second: second)) { field in
    word += 4 &* tokens
    switch field {
    case .start(let offset, let sum):
      word.storeBytes(of: magicBits &- offset &* sum, as: Int32.self)
    case .scaled(let sum): word.storeBytes(of: scale * Float(sum), as: Float.self)
    }
  }
}

/// A word of an activation record beside values and scales: the start of an integer sum, for weights stored with
/// an offset, or the scale times a sum of values.
enum ActivationField<Sum> {
  case start(offset: Int32, Sum)
  case scaled(Sum)
}

/// Sums of the integers of a block and of its halves.
struct FieldSums<Sum> {
  let whole: Sum
  let first: Sum
  let second: Sum
}

/// Calls `body` for those of `fields` that are wanted, in the order of `ci_fields`.
@inline(__always)
func eachField<Sum>(
  _ fields: Int, _ sums: FieldSums<Sum>, _ body: (ActivationField<Sum>) -> Void
) {
  func add(_ bit: Int, _ field: ActivationField<Sum>) {
    if fields & 1 &<< bit != 0 { body(field) }
  }
  add(0, .start(offset: ci_byte_offset(), sums.whole))
  add(1, .start(offset: 8, sums.whole))
  add(2, .start(offset: 16, sums.whole))
  add(3, .start(offset: 32, sums.first))
  add(4, .start(offset: 32, sums.second))
  add(5, .start(offset: 4, sums.first))
  add(6, .start(offset: 4, sums.second))
  add(7, .scaled(sums.whole))
  add(8, .scaled(sums.first))
  add(9, .scaled(sums.second))
}
