/// A cooperative game as the full table of its `2^players` coalition values.
package struct Game: Sendable, Equatable {
  /// Exact values need the whole table and `players!` as a denominator; beyond 12 they are sampled.
  package static let maximumPlayers = 12
  /// No value may exceed 2^40 micro-nats (1.1 million nats) in magnitude, so that every exact sum
  /// below fits 128 bits even when a table comes from a stranger.
  package static let maximumMagnitude: MicroNats = 1 << 40

  package let players: Int
  /// The value of the coalition whose `bits` is the index.
  package let table: [MicroNats]

  /// Takes a table indexed by `Coalition.bits`.
  package init(players: Int, table: [MicroNats]) throws(GameError) {
    guard (0...Self.maximumPlayers).contains(players) else { throw .tooManyPlayers(players) }
    guard table.count == 1 << players else {
      throw .wrongTableSize(found: table.count, expected: 1 << players)
    }
    for (bits, value) in table.enumerated() {
      try Self.check(value, of: Coalition(bits: UInt64(bits)))
    }
    self.players = players
    self.table = table
  }

  /// Takes the value of every coalition of `players`; other coalitions are ignored.
  package init(players: Int, values: [Coalition: MicroNats]) throws(GameError) {
    guard (0...Self.maximumPlayers).contains(players) else { throw .tooManyPlayers(players) }
    var table: [MicroNats] = []
    for coalition in Coalition.everyone(players).subsets {
      guard let value = values[coalition] else { throw .missing(coalition) }
      table.append(value)
    }
    try self.init(players: players, table: table)
  }

  package subscript(coalition: Coalition) -> MicroNats { table[Int(coalition.bits)] }

  package var values: [Coalition: MicroNats] {
    var result: [Coalition: MicroNats] = [:]
    for (bits, value) in table.enumerated() { result[Coalition(bits: UInt64(bits))] = value }
    return result
  }

  package var everyone: Coalition { .everyone(players) }

  /// What all players together change: v(N) - v(nobody).
  package var gain: MicroNats { self[everyone] - self[.nobody] }

  static func check(_ value: MicroNats, of coalition: Coalition) throws(GameError) {
    guard value.magnitude <= maximumMagnitude.magnitude else {
      throw .outOfRange(coalition, value)
    }
  }
}

/// What is wrong with a table of coalition values.
package enum GameError: Error, Equatable, CustomStringConvertible {
  case tooManyPlayers(Int)
  case wrongTableSize(found: Int, expected: Int)
  case missing(Coalition)
  case outOfRange(Coalition, MicroNats)
  case tooFewPairs(Int)
  case wrongAnswerCount(found: Int, expected: Int)

  package var description: String {
    switch self {
    case .tooManyPlayers(let found):
      "coalition table: found \(found) players, expected 0 to \(Game.maximumPlayers)"
    case .wrongTableSize(let found, let expected):
      "coalition table: found \(found) values, expected \(expected)"
    case .missing(let coalition):
      "coalition table: found no value for coalition \(coalition), expected one"
    case .outOfRange(let coalition, let value):
      "coalition table: found \(value) micro-nats for coalition \(coalition), "
        + "expected a magnitude of at most \(Game.maximumMagnitude)"
    case .tooFewPairs(let found):
      "sampling: found \(found) pairs of orders, expected at least 2 for a standard error"
    case .wrongAnswerCount(let found, let expected):
      "scorer: found \(found) values, expected \(expected)"
    }
  }
}
