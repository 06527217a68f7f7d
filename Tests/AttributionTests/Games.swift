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
