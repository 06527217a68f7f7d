// The block formats of ggml once more, one number at a time, after the structs in ggml-common.h.
import Kernels

/// Columns of a row that share a scale: weight = scale * value + addend.
struct WeightPart {
  var values: [Int32]
  var scale: Float
  var addend: Float?
}

extension Reference {
  /// One row of quantised GGUF bytes as parts of 32 or 16 columns.
  static func parts(_ row: ArraySlice<UInt8>, _ format: WeightFormat) -> [WeightPart] {
    let size = format.rowBytes(columns: format.blockColumns)
    return stride(from: row.startIndex, to: row.endIndex, by: size).flatMap { at in
      let block = Array(row[at..<at + size])
      return format.blockColumns == 32 ? [legacy(block, format)] : superblock(block, format)
    }
  }

  private static func half(_ block: [UInt8], _ at: Int) -> Float { half(block[at], block[at + 1]) }

  private static func legacy(_ block: [UInt8], _ format: WeightFormat) -> WeightPart {
    let scale = half(block, 0)
    func nibble(_ at: Int, _ k: Int) -> Int32 {
      Int32(k < 16 ? block[at + k] & 15 : block[at + k - 16] >> 4)
    }
    func fifth(_ at: Int, _ k: Int) -> Int32 { Int32(block[at + k / 8] >> (k % 8) & 1) << 4 }
    let columns = 0..<32
    switch format {
    case .q8_0:
      return WeightPart(
        values: columns.map { Int32(Int8(bitPattern: block[2 + $0])) }, scale: scale)
    case .q4_0: return WeightPart(values: columns.map { nibble(2, $0) - 8 }, scale: scale)
    case .iq4_nl:
      let codes: [Int32] = [
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
      ]
      return WeightPart(values: columns.map { codes[Int(nibble(2, $0))] }, scale: scale)
    case .q4_1:
      return WeightPart(values: columns.map { nibble(4, $0) }, scale: scale, addend: half(block, 2))
    case .q5_0:
      return WeightPart(values: columns.map { (nibble(6, $0) | fifth(2, $0)) - 16 }, scale: scale)
    default:
      return WeightPart(
        values: columns.map { nibble(8, $0) | fifth(4, $0) }, scale: scale, addend: half(block, 2))
    }
  }

  private static func superblock(_ b: [UInt8], _ format: WeightFormat) -> [WeightPart] {
    /// Bits `width * (k / 32 % (8 / width))` on of the byte that column k shares with others.
    func packed(_ at: Int, _ width: Int, _ k: Int) -> Int32 {
      let perChunk = 8 / width
      let byte = b[at + k / (32 * perChunk) * 32 + k % 32]
      return Int32(byte) >> Int32(width * (k / 32 % perChunk)) & (1 << Int32(width) - 1)
    }
    switch format {
    case .q2_K:
      let (d, m) = (half(b, 80), half(b, 82))
      return (0..<16).map { s in
        WeightPart(
          values: (16 * s..<16 * s + 16).map { packed(16, 2, $0) }, scale: d * Float(b[s] & 15),
          addend: -(m * Float(b[s] >> 4)))
      }
    case .q3_K:
      let d = half(b, 108)
      return (0..<16).map { s in
        let low = s < 8 ? b[96 + s] & 15 : b[96 + s - 8] >> 4
        let high = b[104 + s % 4] >> (2 * (s / 4)) & 3
        return WeightPart(
          values: (16 * s..<16 * s + 16).map { packed(32, 2, $0) + 4 * packed(0, 1, $0) - 4 },
          scale: d * Float(Int(low | high << 4) - 32))
      }
    case .q6_K:
      let d = half(b, 208)
      return (0..<16).map { s in
        let values = (16 * s..<16 * s + 16).map { k -> Int32 in
          let byte = b[k / 128 * 64 + k % 64]
          let low = Int32(k % 128 < 64 ? byte & 15 : byte >> 4)
          return low + 16 * packed(128, 2, k) - 32
        }
        return WeightPart(values: values, scale: d * Float(Int8(bitPattern: b[192 + s])))
      }
    default:
      let (d, m) = (half(b, 0), half(b, 2))
      return (0..<8).map { s in
        let (scale, minimum) = sixBits(Array(b[4..<16]), s)
        let quants = format == .q4_K ? 16 : 48
        return WeightPart(
          values: (32 * s..<32 * s + 32).map {
            packed(quants, 4, $0) + (format == .q5_K ? 16 * packed(16, 1, $0) : 0)
          }, scale: d * Float(scale), addend: -(m * Float(minimum)))
      }
    }
  }

  /// Scale and minimum of block `s` out of the twelve bytes of Q4_K and Q5_K.
  private static func sixBits(_ q: [UInt8], _ s: Int) -> (UInt8, UInt8) {
    if s < 4 { return (q[s] & 63, q[s + 4] & 63) }
    return (q[s + 4] & 15 | (q[s - 4] >> 6) << 4, q[s + 4] >> 4 | (q[s] >> 6) << 4)
  }

  /// A row widened: scale * integer, rounded, plus the addend, rounded.
  static func widened(_ row: ArraySlice<UInt8>, _ format: WeightFormat) -> [Float] {
    guard format.isQuantised else { return floats(row, format) }
    return parts(row, format).flatMap { part in
      part.values.map { value in
        let product = part.scale * Float(value)
        return part.addend.map { product + $0 } ?? product
      }
    }
  }
}
