import Attribution

/// The linear datamodelling score of Park and others (2023).
///
/// It is how well the sum of the weights of the sources present ranks coalitions by their values.
package enum DatamodelingScore {
  /// Spearman's correlation of the predicted with the true values; nil where either is constant.
  package static func score(
    weights: [Double], coalitions: [Coalition], values: [Double]
  ) -> Double? {
    RankCorrelation.spearman(coalitions.map { prediction(weights, $0) }, values)
  }

  static func prediction(_ weights: [Double], _ coalition: Coalition) -> Double {
    coalition.members.reduce(0) { $0 + weights[$1] }
  }

  /// Up to `count` random coalitions, each once, none of them in `used`.
  ///
  /// They come in an order that `seed` fixes, so lists for different `used` overlap as far as they can.
  package static func heldOut(
    players: Int, excluding used: Set<Coalition>, count: Int = 32, seed: UInt64
  ) -> [Coalition] {
    precondition(players <= 16, "all coalitions are listed")
    var generator = SplitMix64(seed: seed)
    return Array(
      generator.order(of: 1 << players).lazy.map { Coalition(bits: UInt64($0)) }
        .filter { !used.contains($0) }.prefix(count))
  }
}
