/// One exact rational per player, all over one denominator.
///
/// With at most 12 players and values under 2^40 micro-nats every numerator stays under 2^102.
package struct ExactValues: Sendable, Equatable {
  package let numerators: [Int128]
  package let denominator: Int128

  package init(numerators: [Int128], denominator: Int128) {
    precondition(denominator > 0, "a denominator is positive")
    self.numerators = numerators
    self.denominator = denominator
  }

  /// The sum of all values, times the denominator.
  package var numeratorSum: Int128 { numerators.reduce(0, +) }

  /// For people and statistics; everything that is paid or signed uses the exact numbers.
  package var doubles: [Double] { numerators.map { Double($0) / Double(denominator) } }

  /// Whole micro-nats that sum to exactly `total`, by largest remainder.
  ///
  /// `total` is the values' sum, or either neighbour when the sum is not whole.
  package func rounded(to total: MicroNats) -> [MicroNats] {
    apportion(numerators: numerators, denominator: denominator, total: Int128(total))
      .map { MicroNats($0) }
  }
}

/// Rounds `numerators / denominator` to integers that sum to exactly `total`.
///
/// Every quota gets its floor; the units left over go to the largest remainders, and among equal
/// remainders to the lower index.
func apportion(numerators: [Int128], denominator: Int128, total: Int128) -> [Int128] {
  var whole: [Int128] = []
  var remainders: [(remainder: Int128, index: Int)] = []
  for (index, numerator) in numerators.enumerated() {
    var (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
    if remainder < 0 { (quotient, remainder) = (quotient - 1, remainder + denominator) }
    whole.append(quotient)
    remainders.append((remainder, index))
  }
  let left = total - whole.reduce(0, +)
  precondition(left >= 0 && left <= whole.count, "the total is not the sum of the quotas")
  remainders.sort { ($1.remainder, $0.index) < ($0.remainder, $1.index) }
  for entry in remainders.prefix(Int(left)) { whole[entry.index] += 1 }
  return whole
}

func factorial(_ n: Int) -> Int128 { n < 2 ? 1 : (2...Int128(n)).reduce(1, *) }
