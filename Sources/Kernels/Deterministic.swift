/// Elementary functions from +, -, *, / and integer operations alone: the same bits on every machine.
///
/// Within about 1 ulp in double precision. Used for everything that reaches a trace: rotation tables,
/// label softmax, term weights. The single-precision forms round the double result.
package enum Deterministic {
  private static let log2High = 6.931_471_803_691_238e-01
  private static let log2Low = 1.908_214_929_270_587_7e-10
  private static let log2Inverse = 1.442_695_040_888_963_4

  package static func exp(_ x: Float) -> Float { Float(exp(Double(x))) }
  package static func log(_ x: Float) -> Float { Float(log(Double(x))) }
  package static func sin(_ x: Float) -> Float { Float(sin(Double(x))) }
  package static func cos(_ x: Float) -> Float { Float(cos(Double(x))) }

  /// e to the power of x: x = n ln 2 + r with |r| <= 0.347, and the Taylor series of e^r.
  package static func exp(_ x: Double) -> Double {
    if x.isNaN { return x }
    if x > 709.782_712_893_384 { return .infinity }
    if x < -745.2 { return 0 }
    let n = (x * log2Inverse).rounded(.toNearestOrEven)
    let high = x - n * log2High
    let low = n * log2Low
    let r = high - low
    // What rounding took from r, added back at the end.
    let correction = (high - r) - low
    var tail = 0.0
    for reciprocal in inverseFactorials { tail = tail * r + reciprocal }
    let value = 1 + (r + (r * r * tail + correction * (1 + r)))
    return scaled(value, by: Int(n))
  }

  /// 1/14! ... 1/2!
  private static let inverseFactorials: [Double] = {
    var factorial = 1.0
    var inverses: [Double] = []
    for i in 2...14 {
      factorial *= Double(i)
      inverses.append(1 / factorial)
    }
    return inverses.reversed()
  }()

  private static func scaled(_ value: Double, by exponent: Int) -> Double {
    if exponent > 1000 { return value * power(exponent - 100) * power(100) }
    if exponent < -1000 { return value * power(exponent + 100) * power(-100) }
    return value * power(exponent)
  }

  /// 2 to the power of an exponent between -1022 and 1023.
  private static func power(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(1023 + exponent) << 52)
  }

  /// The natural logarithm: x = 2^k m with m near 1, and the series in s = (m - 1) / (m + 1).
  package static func log(_ x: Double) -> Double {
    if x.isNaN || x < 0 { return .nan }
    if x == 0 { return -.infinity }
    if x == .infinity { return x }
    var k = 0
    var m = x
    if m < 0x1p-1022 {
      m *= 0x1p54
      k = -54
    }
    k += Int(m.bitPattern >> 52) - 1023
    m = Double(bitPattern: (m.bitPattern & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000)
    if m > 1.414_213_562_373_095_1 {
      m *= 0.5
      k += 1
    }
    let f = m - 1
    let s = f / (2 + f)
    let square = s * s
    var series = 0.0
    for i in stride(from: 23, through: 3, by: -2) { series = (series + 2 / Double(i)) * square }
    // log(1 + f) = f - (f^2/2 - s (f^2/2 + series)): f is exact, so little is lost.
    let half = 0.5 * f * f
    let n = Double(k)
    return n * log2High - ((half - (s * (half + series) + n * log2Low)) - f)
  }

  /// The sine, for |x| <= 800,000 within 1 ulp of the largest value; larger arguments are first reduced
  /// by the double nearest to 2 pi.
  package static func sin(_ x: Double) -> Double {
    guard let (quadrant, r, tail) = reduce(x) else { return .nan }
    switch quadrant {
    case 0: return sine(r, tail)
    case 1: return cosine(r, tail)
    case 2: return -sine(r, tail)
    default: return -cosine(r, tail)
    }
  }

  /// The cosine; see `sin`.
  package static func cos(_ x: Double) -> Double {
    guard let (quadrant, r, tail) = reduce(x) else { return .nan }
    switch quadrant {
    case 0: return cosine(r, tail)
    case 1: return -sine(r, tail)
    case 2: return -cosine(r, tail)
    default: return sine(r, tail)
    }
  }

  /// x = n pi/2 + r + tail with |r| <= pi/4; pi/2 in three parts of 33 bits and a rest.
  private static func reduce(_ x: Double) -> (quadrant: Int, r: Double, tail: Double)? {
    guard x.isFinite else { return nil }
    let bounded = abs(x) <= 800_000 ? x : x.truncatingRemainder(dividingBy: 2 * Double.pi)
    let n = (bounded * 0.636_619_772_367_581_4).rounded(.toNearestOrEven)
    let first = bounded - n * halfPi.0
    let second = n * halfPi.1
    let a = first - second
    let lost = (first - a) - second
    let rest = n * halfPi.2 - lost
    let r = a - rest
    return (Int(n) & 3, r, (a - r) - rest)
  }

  /// pi/2 = 33 bits + 33 bits + the rest.
  private static let halfPi = (
    1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_7e-21
  )

  private static func sine(_ r: Double, _ tail: Double) -> Double {
    let z = r * r
    var series = 0.0
    for term in sineTerms { series = series * z + term }
    return r + (r * z * series + tail * (1 - 0.5 * z))
  }

  private static func cosine(_ r: Double, _ tail: Double) -> Double {
    let z = r * r
    var series = 0.0
    for term in cosineTerms { series = series * z + term }
    let half = 0.5 * z
    let lead = 1 - half
    return lead + (((1 - lead) - half) + (z * z * series - r * tail))
  }

  /// 1/19!, -1/17!, ... -1/3!
  private static let sineTerms: [Double] = alternating(from: 3, through: 19, firstSign: -1)
  /// 1/20! ... 1/4!
  private static let cosineTerms: [Double] = alternating(from: 4, through: 20, firstSign: 1)

  private static func alternating(from: Int, through: Int, firstSign: Double) -> [Double] {
    var factorial = 1.0
    for i in 2..<from { factorial *= Double(i) }
    var sign = firstSign
    var terms: [Double] = []
    for i in stride(from: from, through: through, by: 2) {
      factorial *= Double(i)
      terms.append(sign / factorial)
      sign = -sign
      factorial *= Double(i + 1)
    }
    return terms.reversed()
  }
}
