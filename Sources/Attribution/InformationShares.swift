/// How an answer's surprise was removed: by each contributor, and by what the model knew itself.
///
/// The pot is `G = max(0, v(N) - v(nobody)) / -v(nobody)` of one million, split over contributors in
/// proportion to their positive influence. It depends on v(N) and v(nobody) alone, so nobody can
/// enlarge it by copying a source; negative influence is shown elsewhere and earns nothing here.
package struct InformationShares: Sendable, Equatable {
  package static let whole = 1_000_000

  /// Parts per million, by contributor.
  package let ppm: [Int]
  /// What no contributor removed: the row *model's own knowledge*.
  package let ownKnowledgePPM: Int

  /// Splits one million into the contributors' shares and the model's own knowledge, exactly.
  ///
  /// The pot and own knowledge are rounded by largest remainder, then the contributors within the
  /// pot, so that the pot's last ppm depends on nobody's influence either. Among equal remainders
  /// the pot, and the earlier contributor, come first.
  ///
  /// Without surprise (`withoutSources` not negative), without gain or without anybody whose
  /// influence is positive, all of it is the model's own knowledge. Values above 0, which no
  /// log-probability has, count as 0.
  package init(influences: [MicroNats], withoutSources: MicroNats, withAllSources: MicroNats) {
    let surprise = Int128(max(0, -withoutSources))
    let gain = max(0, Int128(min(0, withAllSources)) + surprise)
    guard surprise > 0, gain > 0, influences.contains(where: { $0 > 0 }) else {
      ppm = influences.map { _ in 0 }
      ownKnowledgePPM = Self.whole
      return
    }
    let rows = apportion(
      numerators: [gain, surprise - gain].map { Int128(Self.whole) * $0 }, denominator: surprise,
      total: Int128(Self.whole))
    ppm = Self.split(ppm: Int(rows[0]), over: influences)
    ownKnowledgePPM = Int(rows[1])
  }

  /// Splits a share by positive influence, to the last ppm: the pot over contributors, or one
  /// contributor's share over its documents.
  ///
  /// With no positive influence the share, which is then 0 but for rounding, goes to the first.
  package static func split(ppm share: Int, over influences: [MicroNats]) -> [Int] {
    guard !influences.isEmpty else { return [] }
    let positive = influences.map { Int128(max(0, $0)) }
    let sum = positive.reduce(0, +)
    guard sum > 0 else { return [share] + influences.dropFirst().map { _ in 0 } }
    return apportion(
      numerators: positive.map { Int128(share) * $0 }, denominator: sum, total: Int128(share)
    ).map { Int($0) }
  }

  /// A contributor's standard error as parts per million of the answer's surprise.
  ///
  /// Exact to first order while nobody's influence is negative: the sum of influences is then fixed.
  package static func standardErrorPPM(
    _ standardError: Double, influences: [MicroNats], withoutSources: MicroNats,
    withAllSources: MicroNats
  ) -> Int {
    let surprise = Double(max(0, -withoutSources))
    let gain = Double(max(0, withAllSources - withoutSources))
    let sum = influences.reduce(0.0) { $0 + Double(max(0, $1)) }
    guard surprise > 0, sum > 0 else { return 0 }
    return Int((Double(whole) * gain / surprise * standardError / sum).rounded(.up))
  }
}
