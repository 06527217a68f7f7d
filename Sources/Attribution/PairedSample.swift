/// Marginals of players along pairs of opposite orders.
///
/// The estimate of a player is `sums / (2 * pairs)`; over all players it telescopes to exactly
/// v(N) - v(nobody). Each pair is one independent draw, so the standard error is the spread of the
/// pairs' means over the square root of their number; with P pairs, estimate +- t(P - 1) * error
/// covers the exact value at the rate of Student's t.
struct PairedSample {
  let pairCount: Int
  /// Sum of marginals over all orders, by player.
  let sums: [Int128]
  /// In the unit of the values.
  let standardErrors: [Double]

  /// `group` says which of `groups` results a player's marginals count towards: its own, or that of
  /// the contributor it belongs to.
  init(pairs: [OrderPair], groups: Int, group: (Int) -> Int, values: [Coalition: Int128]) {
    var pairSums = [[Int128]](
      repeating: [Int128](repeating: 0, count: pairs.count), count: groups)
    for (number, pair) in pairs.enumerated() {
      for order in pair.orders {
        let grown = prefixes(of: order).map { values[$0, default: 0] }
        for (step, player) in order.enumerated() {
          pairSums[group(player)][number] += grown[step + 1] - grown[step]
        }
      }
    }
    pairCount = pairs.count
    sums = pairSums.map { $0.reduce(0, +) }
    standardErrors = pairSums.map { meanError(of: $0, divisor: 2) }
  }
}
