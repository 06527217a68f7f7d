/// The logarithm of a sum of exponentials over a vocabulary, by blocks.
///
/// Values are cut into blocks of `block`. Each block gives its maximum m and, in sixteen float lanes and
/// one order, the sum s of e^(x - m). Blocks are put together in order in double:
/// `L + log(sum of s * e^(m - L))`, with L the largest m. The block is part of the definition, so the
/// bits depend neither on threads and tiles nor on whether the values were ever in memory together.
/// A lane adds sixteen terms, so the error stays near 1e-7 for a vocabulary of any size.
enum LogSumExp {
  static let block = 256

  static func blocks(_ count: Int) -> Int { (count + block - 1) / block }

  /// Maximum and sum of one block.
  struct Part {
    var maximum: Float
    var sum: Float
  }

  static func combine(_ parts: UnsafeBufferPointer<Part>) -> Double {
    var largest = parts[0].maximum
    for part in parts where part.maximum > largest { largest = part.maximum }
    var sum = 0.0
    for part in parts {
      sum += Double(part.sum) * Deterministic.exp(Double(part.maximum) - Double(largest))
    }
    return Double(largest) + Deterministic.log(sum)
  }
}
