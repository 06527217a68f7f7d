import CIntrinsics

/// 1.5 * 2^23: adding it rounds a small float to the nearest even integer in its low bits.
let magic: Float = 12_582_912
let magicBits: Int32 = 0x4B40_0000

/// Scales below this are flushed to zero, so that `magic * scale` is always exact.
let smallestScale: Float = 0x1p-100

/// Quantises one tile of activation rows to int8 per 32 columns.
///
/// The scale is `max|x| / 127` rounded up to 16 significant bits. The start of the integer sum already
/// holds the bits of `magic` and the correction for weights stored with an offset, so that the finished
/// sum, read as a float, is `magic + dot`; one fma with `-magic * scale` then both converts and scales.
@inline(never)
func quantise(
  _ x: UnsafePointer<Float>, _ stride: Int, _ tokens: Int, _ columns: Int,
  _ offset: Int32, _ records: UnsafeMutableRawPointer
) {
  var record = records
  var k = 0
  while k < columns {
    for t in 0..<tokens {
      quantiseBlock(x + (t &* stride &+ k), tokens, t, offset, record)
    }
    record += 44 &* tokens
    k &+= 32
  }
  guard columns & 63 != 0 else { return }
  for t in 0..<tokens {
    for word in 0..<8 {
      record.storeBytes(of: 0, toByteOffset: 32 &* t &+ 4 &* word, as: Int32.self)
    }
    storeScale(record, tokens, t, start: magicBits, scale: 0)
  }
}

@inline(__always)
private func quantiseBlock(
  _ x: UnsafePointer<Float>, _ tokens: Int, _ t: Int, _ offset: Int32,
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
  let start = magicBits &- offset &* ci_reduce_add(i0 &+ i1)
  storeScale(record, tokens, t, start: start, scale: scale)
}

@inline(__always)
private func storeScale(
  _ record: UnsafeMutableRawPointer, _ tokens: Int, _ t: Int, start: Int32, scale: Float
) {
  record.storeBytes(of: start, toByteOffset: 32 &* tokens &+ 4 &* t, as: Int32.self)
  record.storeBytes(of: scale, toByteOffset: 36 &* tokens &+ 4 &* t, as: Float.self)
  record.storeBytes(of: -magic * scale, toByteOffset: 40 &* tokens &+ 4 &* t, as: Float.self)
}
