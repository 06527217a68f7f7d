extension Game {
  /// The Shapley value: a player's average marginal over all orders of arrival, exactly.
  ///
  /// Numerators over `players!`; they sum to `gain * players!` (efficiency, to the last bit).
  package func shapley() -> ExactValues {
    guard players > 0 else { return ExactValues(numerators: [], denominator: 1) }
    let weights = (0..<players).map { factorial($0) * factorial(players - 1 - $0) }
    return ExactValues(
      numerators: weightedMarginals { weights[$0] }, denominator: factorial(players))
  }

  /// The Banzhaf value: a player's average marginal over all coalitions of the others, exactly.
  package func banzhaf() -> ExactValues {
    ExactValues(
      numerators: weightedMarginals { _ in 1 }, denominator: 1 << Int128(max(0, players - 1)))
  }

  /// What is lost when one player leaves everyone: v(N) - v(N without i).
  package func leaveOneOut() -> [MicroNats] {
    (0..<players).map { self[everyone] - self[everyone.removing($0)] }
  }

  /// What one player alone adds: v(i) - v(nobody).
  package func solo() -> [MicroNats] {
    (0..<players).map { self[Coalition([$0])] - self[.nobody] }
  }

  /// Sum over coalitions S without i of weight(|S|) * (v(S with i) - v(S)), for every i.
  private func weightedMarginals(_ weight: (Int) -> Int128) -> [Int128] {
    var sums = [Int128](repeating: 0, count: players)
    for bits in table.indices {
      let coalition = Coalition(bits: UInt64(bits))
      for player in 0..<players where !coalition.contains(player) {
        let marginal = self[coalition.adding(player)] - table[bits]
        sums[player] += weight(coalition.count) * Int128(marginal)
      }
    }
    return sums
  }
}
