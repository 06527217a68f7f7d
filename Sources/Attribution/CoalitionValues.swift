/// The scored coalitions of one answer, by coalition of documents.
package struct CoalitionValues: Sendable, Equatable {
  private let values: [Coalition: MicroNats]

  /// Refuses magnitudes that exact sums could not hold.
  package init(_ values: [Coalition: MicroNats]) throws(GameError) {
    for (coalition, value) in values { try Game.check(value, of: coalition) }
    self.values = values
  }

  /// Pairs coalitions with the values that a scorer returned for them.
  package init(_ coalitions: [Coalition], _ values: [MicroNats]) throws(GameError) {
    guard coalitions.count == values.count else {
      throw .wrongAnswerCount(found: values.count, expected: coalitions.count)
    }
    try self.init(Dictionary(zip(coalitions, values)) { first, _ in first })
  }

  package func value(of coalition: Coalition) throws(GameError) -> MicroNats {
    guard let value = values[coalition] else { throw .missing(coalition) }
    return value
  }

  /// Ascending by coalition.
  package var sorted: [(coalition: Coalition, value: MicroNats)] {
    values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The game that contributors play, each bringing all of its documents.
  package func game(of partition: Partition) throws(GameError) -> Game {
    guard partition.contributors <= Game.maximumPlayers else {
      throw .tooManyPlayers(partition.contributors)
    }
    var table: [MicroNats] = []
    for coalition in Coalition.everyone(partition.contributors).subsets {
      table.append(try value(of: partition.documents(of: coalition)))
    }
    return try Game(players: partition.contributors, table: table)
  }
}
