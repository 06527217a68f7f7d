/// Pairs of a coalition and its complement, drawn by the leverage of their rows.
///
/// The Shapley value is the solution of a weighted least-squares problem with one row per coalition
/// (Charnes et al. 1988), in which a row's leverage is the same for all coalitions of a size and sums
/// to the same over each size (Musco and Witter, "Provably Accurate Shapley Value Estimation via
/// Leverage Score Sampling", 2024). So every size gets the same number of coalitions, drawn without
/// replacement and together with their complements; a size that has no more of them is taken whole,
/// and what is left goes to the others. All coalitions of one player are always among them.
struct LeverageSample: Equatable, Sendable {
  /// The pairs whose smaller coalition has `size` players.
  struct Stratum: Equatable, Sendable {
    let size: Int
    /// One coalition of each pair, ascending: the smaller one or, of two equal ones, player 0's.
    let coalitions: [Coalition]
    /// How many such pairs there are.
    let population: Int128
    /// The weight of the whole size in the least-squares problem, up to a common factor.
    let mass: Double

    var isComplete: Bool { Int128(coalitions.count) == population }
  }

  let players: Int
  let strata: [Stratum]

  /// Draws `pairs` pairs, and no fewer than one for each player and two for each larger size.
  init(players: Int, pairs: Int, generator: inout SplitMix64) {
    self.players = players
    let populations = Self.populations(players: players)
    var strata: [Stratum] = []
    for (index, count) in Self.counts(populations, players: players, pairs: pairs).enumerated() {
      let size = index + 1
      strata.append(
        Stratum(
          size: size,
          coalitions: Int128(count) == populations[index]
            ? Self.everyPair(players: players, size: size)
            : Self.draw(count, players: players, size: size, generator: &generator),
          population: populations[index],
          mass: Self.share(ofSize: size, players: players) / Double(size * (players - size))))
    }
    self.strata = strata
  }

  /// Every drawn coalition of players and its complement.
  var coalitions: [Coalition] {
    let everyone = Coalition.everyone(players)
    return strata.flatMap { $0.coalitions.flatMap { [$0, everyone.subtracting($0)] } }
  }

  /// Pairs by size of the smaller coalition, from size 1.
  private static func populations(players: Int) -> [Int128] {
    var binomial: Int128 = 1
    return (1...max(1, players / 2)).prefix(players / 2).map { size in
      binomial = binomial * Int128(players - size + 1) / Int128(size)
      return 2 * size == players ? binomial / 2 : binomial
    }
  }

  /// Two for a size whose complements have another, one for the size that is half of everyone.
  private static func share(ofSize size: Int, players: Int) -> Double {
    2 * size == players ? 1 : 2
  }

  /// Pairs to draw of each size: all of one player, then equally over sizes, as far as they reach.
  private static func counts(_ populations: [Int128], players: Int, pairs: Int) -> [Int] {
    guard !populations.isEmpty else { return [] }
    var counts = populations.map { _ in 0 }
    counts[0] = Int(populations[0])
    var open = Array(populations.indices.dropFirst())
    var left = max(0, pairs - counts[0])
    func share(_ index: Int) -> Int { 2 * (index + 1) == players ? 1 : 2 }
    while true {
      let total = open.reduce(0) { $0 + share($1) }
      let full = open.filter { Int128(left * share($0)) >= populations[$0] * Int128(total) }
      if full.isEmpty { break }
      for index in full {
        counts[index] = Int(populations[index])
        left -= counts[index]
      }
      open.removeAll { full.contains($0) }
    }
    let total = open.reduce(0) { $0 + share($1) }
    for index in open { counts[index] = left * share(index) / total }
    let rest = left - open.reduce(0) { $0 + counts[$1] }
    for index in open.prefix(rest) { counts[index] += 1 }
    // One pair alone has no spread to estimate an error from.
    for index in open where counts[index] < 2 { counts[index] = Int(min(populations[index], 2)) }
    return counts
  }

  private static func everyPair(players: Int, size: Int) -> [Coalition] {
    var result: [Coalition] = []
    func extend(_ coalition: Coalition, from first: Int) {
      if coalition.count == size {
        result.append(coalition)
        return
      }
      for player in first..<players { extend(coalition.adding(player), from: player + 1) }
    }
    extend(2 * size == players ? Coalition([0]) : .nobody, from: 2 * size == players ? 1 : 0)
    return result.sorted()
  }

  private static func draw(
    _ count: Int, players: Int, size: Int, generator: inout SplitMix64
  ) -> [Coalition] {
    let everyone = Coalition.everyone(players)
    var drawn: Set<Coalition> = []
    while drawn.count < count {
      let coalition = Coalition(generator.order(of: players).prefix(size))
      let isOther = 2 * size == players && !coalition.contains(0)
      drawn.insert(isOther ? everyone.subtracting(coalition) : coalition)
    }
    return drawn.sorted()
  }
}
