// The numeric contract once more, one number at a time: what every kernel must equal bit for bit.
import Kernels

enum Reference {
  static let magic: Float = 12_582_912

  static func fma(_ a: Float, _ b: Float, _ c: Float) -> Float { c.addingProduct(a, b) }

  /// Sixteen lanes, added as halves onto halves.
  static func laneSum(_ lanes: [Float]) -> Float {
    var lanes = lanes
    while lanes.count > 1 {
      let half = lanes.count / 2
      lanes = (0..<half).map { lanes[$0] + lanes[$0 + half] }
    }
    return lanes[0]
  }

  /// Adds `term(i)` into lane i % 16 with one fused multiply-add each.
  static func squares(_ values: [Float]) -> Float {
    var lanes = [Float](repeating: 0, count: 16)
    for (i, v) in values.enumerated() { lanes[i % 16] = fma(v, v, lanes[i % 16]) }
    return laneSum(lanes)
  }

  static func sum(_ values: [Float]) -> Float {
    var lanes = [Float](repeating: 0, count: 16)
    for (i, v) in values.enumerated() { lanes[i % 16] += v }
    return laneSum(lanes)
  }

  static func exp(_ x: Float) -> Float {
    let low = -87 > x ? -87 : x
    let bounded = -(-88 > -low ? -88 : -low)
    let shifted = fma(bounded, 1.442_695_04, magic)
    let n = shifted - magic
    let r = fma(n, 1.904_654_3e-9, fma(n, -0.693_147_182_464_599_609_375, bounded))
    var p: Float = 1.987_569_15e-4
    for c: Float in [1.398_199_95e-3, 8.333_451_9e-3, 4.166_579_6e-2, 1.666_666_55e-1, 0.5] {
      p = fma(r, p, c)
    }
    let value = fma(r * r, p, r) + 1
    let exponent = Int32(bitPattern: shifted.bitPattern) - 0x4B40_0000
    return Float(
      bitPattern: UInt32(bitPattern: Int32(bitPattern: value.bitPattern) + exponent << 23))
  }

  static func gelu(_ x: Float) -> Float {
    let u = fma(max(x * -x, -25), -0.08, -1)
    var p: Float = 7.179_583_19e-4
    for c: Float in [
      -1.655_036_83e-3, 1.415_299_14e-3, -2.580_505_80e-3, 6.733_472_92e-3, -1.125_950_27e-2,
      1.624_679_57e-2, -2.323_137_97e-2, 3.147_574_14e-2, -4.044_845_70e-2, 5.151_790_01e-2,
      -7.029_602_68e-2, 1.413_638_14e-1,
    ] { p = fma(p, u, c) }
    return fma(x, min(max(p * x, -0.5), 0.5), x * 0.5)
  }

  static func tanh(_ x: Float) -> Float {
    let t = abs(x)
    let s = x * x
    if t > 0.625 { return Float(signOf: x, magnitudeOf: 1 - 2 / (exp(t + t) + 1)) }
    var near: Float = -5.704_988_73e-3
    for c: Float in [2.063_908_88e-2, -5.373_971_56e-2, 1.333_144_22e-1, -3.333_328_19e-1] {
      near = fma(near, s, c)
    }
    return fma(near * s, x, x)
  }

  static func geluTanh(_ x: Float) -> Float {
    x / (1 + exp(x * fma(x * x, -0.071_354_816_3, -1.595_769_12)))
  }

  /// 32 activations as int8 with a scale of 16 significant bits.
  static func quantise(_ x: ArraySlice<Float>) -> (values: [Int32], scale: Float) {
    let largest = x.map { $0.magnitude }.max()!
    var scale = Float(bitPattern: ((largest / 127).bitPattern &+ 0xFF) & ~0xFF)
    if scale < 0x1p-100 { scale = 0 }
    let inverse = scale > 0 ? 1 / scale : 0
    return (x.map { Int32(($0 * inverse).rounded(.toNearestOrEven)) }, scale)
  }

  static func half(_ low: UInt8, _ high: UInt8) -> Float {
    Float(Float16(bitPattern: UInt16(high) << 8 | UInt16(low)))
  }

  /// One row of float weights, widened.
  static func floats(_ row: ArraySlice<UInt8>, _ format: WeightFormat) -> [Float] {
    let size = format == .f32 ? 4 : 2
    return stride(from: row.startIndex, to: row.endIndex, by: size).map { at in
      switch format {
      case .f16: return half(row[at], row[at + 1])
      case .bf16: return Float(bitPattern: UInt32(row[at]) << 16 | UInt32(row[at + 1]) << 24)
      default:
        return Float(
          bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(row[at + $1]) << (8 * $1) })
      }
    }
  }

  /// One output: weights of a row times the activations of a token.
  static func product(_ row: ArraySlice<UInt8>, _ format: WeightFormat, _ x: [Float]) -> Float {
    var sum: Float = 0
    guard format.isQuantised else {
      for (w, v) in zip(floats(row, format), x) { sum = fma(w, v, sum) }
      return sum
    }
    let parts = parts(row, format)
    let perBlock = parts.count * 32 / x.count
    for (i, part) in parts.enumerated() {
      let block = i / perBlock * 32
      let (block32, scale) = quantise(x[block..<block + 32])
      let width = 32 / perBlock
      let values = block32[i % perBlock * width..<(i % perBlock + 1) * width]
      let dot = zip(values, part.values).reduce(Int32(0)) { $0 + $1.0 * $1.1 }
      sum = fma(fma(magic + Float(dot), scale, -magic * scale), part.scale, sum)
      if let addend = part.addend {
        sum = fma(scale * Float(values.reduce(0, +)), addend, sum)
      }
    }
    return sum
  }
}
