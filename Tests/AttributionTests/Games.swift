@testable import Attribution

/// A game from a rule, for hand-worked cases.
func game(_ players: Int, _ value: (Coalition) -> MicroNats) throws -> Game {
  try Game(players: players, table: Coalition.everyone(players).subsets.map(value))
}

/// Values that look like log-probabilities: negative, unrelated, reproducible.
func randomGame(_ players: Int, seed: UInt64) throws -> Game {
  var generator = SplitMix64(seed: seed)
  return try game(players) { _ in -MicroNats(generator.below(40_000_000)) }
}

/// Every order of `players`, in lexicographic order.
func orders(of players: [Int]) -> [[Int]] {
  guard !players.isEmpty else { return [[]] }
  return players.flatMap { first in
    orders(of: players.filter { $0 != first }).map { [first] + $0 }
  }
}

/// Scores coalitions of documents from a table and counts what it was asked for.
final class TableScorer: Scorer {
  let table: [MicroNats]
  private(set) var asked: [Coalition] = []

  init(_ game: Game) {
    table = game.table
  }

  func values(of coalitions: [Coalition]) -> [MicroNats] {
    asked += coalitions
    return coalitions.map { table[Int($0.bits)] }
  }
}

/// Games that are like those of answers, each drawn from a seed.
enum GameKind: CaseIterable {
  /// Every player has a worth of its own.
  case additive
  /// Pairs of players add to each other or take away; whole micro-nats, odd ones too.
  case pairwise
  /// Groups of two to five do.
  case groups
  /// Facts that one of several players suffices for: passages that say the same.
  case shared
  /// The value of each coalition is unrelated to all others.
  case unrelated

  func game(_ players: Int, seed: UInt64) throws -> Game {
    var generator = SplitMix64(seed: seed)
    func worth() -> MicroNats { MicroNats(generator.below(2_000_001)) - 1_000_000 }
    func group(upTo most: Int, from least: Int) -> Coalition {
      let size = least + generator.below(min(most, players) - least + 1)
      return Coalition(generator.order(of: players).prefix(size))
    }
    switch self {
    case .additive, .pairwise, .groups:
      let most = self == .additive ? 1 : self == .pairwise ? 2 : 5
      var terms = (0..<players).map { (Coalition([$0]), worth()) }
      if most > 1 { terms += (0..<3 * players).map { _ in (group(upTo: most, from: 2), worth()) } }
      return try AttributionTests.game(players) { coalition in
        terms.reduce(-30_000_000) { $0 + ($1.0.isSubset(of: coalition) ? $1.1 : 0) }
      }
    case .shared:
      let facts = (0..<4).map { _ in (group(upTo: 6, from: 1), abs(worth()) * 5) }
      return try AttributionTests.game(players) { coalition in
        facts.reduce(-30_000_000) { $0 + ($1.0.bits & coalition.bits != 0 ? $1.1 : 0) }
      }
    case .unrelated: return try randomGame(players, seed: seed)
    }
  }
}
