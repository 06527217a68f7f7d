import TestSupport

/// Changes inputs blindly but repeatably, for the short run among the tests.
struct Mutator {
  private var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  /// A changed copy of one of `corpus`, which must not be empty.
  mutating func next(from corpus: [[UInt8]]) -> [UInt8] {
    var input = pick(corpus)
    for _ in 0..<(1 << Int.random(in: 0...3, using: &random)) {
      change(&input, pick(corpus))
    }
    return input
  }

  private mutating func pick(_ corpus: [[UInt8]]) -> [UInt8] {
    corpus[Int.random(in: 0..<corpus.count, using: &random)]
  }

  private mutating func change(_ input: inout [UInt8], _ other: [UInt8]) {
    guard !input.isEmpty else { return input = other }
    let at = Int.random(in: 0..<input.count, using: &random)
    let length = min(1 << Int.random(in: 0...5, using: &random), input.count - at)
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: input[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 2: input[at] = UInt8.random(in: 0...255, using: &random)
    case 3: setInteger(&input, at)
    case 4: input.removeSubrange(at..<at + length)
    case 5: input.insert(contentsOf: input[at..<at + length], at: at)
    case 6: input.removeSubrange(at...)
    default:
      guard !other.isEmpty else { return }
      let from = Int.random(in: 0..<other.count, using: &random)
      input.replaceSubrange(at..<at + length, with: other[from...].prefix(length))
    }
  }

  /// Small numbers and those next to a power of two: where counts and lengths go wrong.
  private mutating func setInteger(_ input: inout [UInt8], _ at: Int) {
    let width = [1, 2, 4, 8][Int.random(in: 0..<4, using: &random)]
    let base: UInt64 = 1 &<< UInt64.random(in: 0..<64, using: &random)
    let value = base &+ UInt64.random(in: 0...4, using: &random) &- 2
    for byte in 0..<min(width, input.count - at) {
      input[at + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
    }
  }
}
