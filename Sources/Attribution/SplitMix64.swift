/// The generator behind every sampled value: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
///
/// State advances by 0x9E3779B97F4A7C15; the output is the state mixed by two multiplications.
/// It is spelled out here, not taken from a library, because a trace that names its seed must give
/// the same orders on every machine and in every later version.
package struct SplitMix64: Sendable {
  private var state: UInt64

  package init(seed: UInt64) {
    state = seed
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A uniform integer in `0 ..< bound`, without bias (Lemire's multiplication with rejection).
  package mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "a bound is positive")
    let range = UInt64(bound)
    let threshold = (0 &- range) % range
    while true {
      let product = next().multipliedFullWidth(by: range)
      if product.low >= threshold { return Int(product.high) }
    }
  }

  /// A uniform order of `0 ..< count` (Fisher-Yates, from the last position down).
  package mutating func order(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, below(last + 1))
    }
    return order
  }
}
