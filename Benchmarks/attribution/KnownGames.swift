import Attribution

/// Games whose Shapley values are known in closed form, and how far each method is from them.
enum KnownGames {
  /// Divisible by every denominator below.
  private static let unit: MicroNats = 60_060_000

  private struct KnownGame {
    let name: String
    let players: Int
    let value: (Coalition) -> MicroNats
    let shapley: [MicroNats]
  }

  private struct Rule: Scorer {
    let value: (Coalition) -> MicroNats

    func values(of coalitions: [Coalition]) -> [MicroNats] { coalitions.map(value) }
  }

  private static var games: [KnownGame] {
    [
      KnownGame(
        name: "additive, 8 players: each its own worth", players: 8,
        value: { $0.members.reduce(0) { $0 + MicroNats($1 + 1) * unit } },
        shapley: (1...8).map { $0 * unit }),
      KnownGame(
        name: "gloves, one left and two right: 4/6, 1/6, 1/6", players: 3,
        value: { $0.contains(0) && $0.count >= 2 ? unit : 0 },
        shapley: [4 * unit / 6, unit / 6, unit / 6]),
      KnownGame(
        name: "two copies of one source, either suffices: 1/2, 1/2, 0, 0", players: 4,
        value: { $0.contains(0) || $0.contains(1) ? unit : 0 }, shapley: [unit / 2, unit / 2, 0, 0]),
      KnownGame(
        name: "three of eight needed together: 1/3 each", players: 8,
        value: { Coalition([0, 2, 5]).isSubset(of: $0) ? unit : 0 },
        shapley: (0..<8).map { [0, 2, 5].contains($0) ? unit / 3 : 0 }),
      KnownGame(
        name: "airport of five stretches", players: 5,
        value: { MicroNats(($0.members.last ?? -1) + 1) * unit },
        shapley: (1...5).map { last in (0..<last).reduce(0) { $0 + unit / MicroNats(5 - $1) } }),
      KnownGame(
        name: "majority of seven: 1/7 each", players: 7,
        value: { $0.count >= 4 ? unit : 0 }, shapley: [MicroNats](repeating: unit / 7, count: 7)),
    ]
  }

  static func markdown() throws -> String {
    let rows = try games.map { known in
      let table = Coalition.everyone(known.players).subsets.map(known.value)
      let game = try Game(players: known.players, table: table)
      let partition = Partition(contributorOfDocument: Array(0..<known.players))
      let sampled = AttributionPlan(
        partition: partition, seed: 1, limits: AttributionPlan.Limits(exactPlayers: 0))
      let estimates = try sampled.influence(scoredBy: Rule(value: known.value)).contributors
        .map { Double($0.shapley) }
      let errors = [
        game.shapley().doubles, estimates, game.banzhaf().doubles,
        game.leaveOneOut().map { Double($0) },
      ].map { found in
        zip(found, known.shapley).map { abs($0 - Double($1)) }.max() ?? 0
      }
      let gain = Double(max(1, game.gain))
      return
        "| \(known.name) | \(errors.map { figure(100 * $0 / gain) }.joined(separator: " | ")) |"
    }
    return """
      ## Games with known values

      The largest error of a player's Shapley value, in percent of v(everyone) - v(nobody).

      | game | Shapley, exact | sampled | Banzhaf | leave-one-out |
      | --- | --- | --- | --- | --- |
      \(rows.joined(separator: "\n"))

      """
  }
}
