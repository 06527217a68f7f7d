import Testing

@testable import Attribution

@Suite struct GameTests {
  @Test func `the owner of the only left glove is paid four sixths`() throws {
    let gloves = try game(3) { $0.contains(0) && $0.count >= 2 ? 1 : 0 }
    #expect(gloves.shapley() == ExactValues(numerators: [4, 1, 1], denominator: 6))
  }

  @Test func `a runway's cost is shared by those who need each stretch of it`() throws {
    // Needs of 1, 2 and 3 stretches: 1/3, 1/3 + 1/2, 1/3 + 1/2 + 1.
    let airport = try game(3) { MicroNats(($0.members.last ?? -1) + 1) }
    #expect(airport.shapley() == ExactValues(numerators: [2, 5, 11], denominator: 6))
  }

  @Test func `a unanimity game pays its carriers alike and others nothing`() throws {
    let carriers = Coalition([0, 2, 3])
    let unanimity = try game(5) { carriers.isSubset(of: $0) ? 6 : 0 }
    #expect(unanimity.shapley().doubles == [2, 0, 2, 2, 0])
    #expect(unanimity.leaveOneOut() == [6, 0, 6, 6, 0])
    #expect(unanimity.solo() == [0, 0, 0, 0, 0])
    // Banzhaf: the other two carriers are present in a quarter of the coalitions.
    #expect(unanimity.banzhaf().doubles == [1.5, 0, 1.5, 1.5, 0])
  }

  @Test func `an additive game gives everybody their own worth under every value`() throws {
    let worth: [MicroNats] = [5, -3, 0, 12]
    let additive = try game(4) { $0.members.map { worth[$0] }.reduce(-100, +) }
    #expect(additive.shapley().rounded(to: additive.gain) == worth)
    #expect(additive.banzhaf().doubles == worth.map(Double.init))
    #expect(additive.leaveOneOut() == worth)
    #expect(additive.solo() == worth)
  }

  @Test func `a weighted vote gives the Banzhaf value that swings give`() throws {
    let vote = try game(3) { $0.members.map { [2, 1, 1][$0] }.reduce(0, +) >= 3 ? 1 : 0 }
    #expect(vote.banzhaf() == ExactValues(numerators: [3, 1, 1], denominator: 4))
  }

  @Test(arguments: 1...7)
  func `Shapley values equal the average over all orders`(players: Int) throws {
    let random = try randomGame(players, seed: UInt64(players))
    var sums = [Int128](repeating: 0, count: players)
    for order in orders(of: Array(0..<players)) {
      var grown = Coalition.nobody
      for player in order {
        sums[player] += Int128(random[grown.adding(player)] - random[grown])
        grown = grown.adding(player)
      }
    }
    #expect(random.shapley() == ExactValues(numerators: sums, denominator: factorial(players)))
  }

  @Test(arguments: 0...12)
  func `the values sum to the gain to the last bit`(players: Int) throws {
    let random = try randomGame(players, seed: 7 + UInt64(players))
    let shapley = random.shapley()
    #expect(shapley.numeratorSum == Int128(random.gain) * shapley.denominator)
    #expect(shapley.rounded(to: random.gain).reduce(0, +) == random.gain)
  }

  @Test func `a player that changes nothing gets nothing, exactly`() throws {
    for seed in UInt64(1)...20 {
      let smaller = try randomGame(4, seed: seed)
      let dummy = try game(5) { smaller[$0.removing(4)] }
      let values = dummy.shapley()
      #expect(values.numerators[4] == 0)
      #expect(
        values.numerators.dropLast().map { $0 } == smaller.shapley().numerators.map { 5 * $0 })
    }
  }

  @Test func `players that do the same are paid the same`() throws {
    for seed in UInt64(1)...20 {
      var generator = SplitMix64(seed: seed)
      let table = (0...1).map { _ in (0...4).map { _ in MicroNats(generator.below(1_000_000)) } }
      let symmetric = try game(5) { table[$0.contains(0) ? 1 : 0][$0.removing(0).count] }
      let values = symmetric.shapley().numerators
      #expect(Set(values.dropFirst()).count == 1)
    }
  }

  @Test func `the value of a sum of games is the sum of the values`() throws {
    for seed in UInt64(1)...20 {
      let (a, b) = (try randomGame(6, seed: seed), try randomGame(6, seed: seed + 100))
      let sum = try game(6) { a[$0] + b[$0] }
      #expect(
        sum.shapley().numerators
          == zip(a.shapley().numerators, b.shapley().numerators).map { $0 + $1 })
    }
  }

  @Test func `a table that is not a game is refused by name`() {
    #expect(throws: GameError.wrongTableSize(found: 3, expected: 4)) {
      try Game(players: 2, table: [0, 0, 0])
    }
    #expect(throws: GameError.tooManyPlayers(13)) { try Game(players: 13, table: []) }
    #expect(throws: GameError.outOfRange(Coalition([0]), .min)) {
      try Game(players: 1, table: [0, .min])
    }
    #expect(throws: GameError.missing(Coalition([1]))) {
      try Game(players: 2, values: [.nobody: 0, Coalition([0]): 1, Coalition([0, 1]): 2])
    }
  }

  @Test func `extreme values of twelve players do not overflow`() throws {
    let extreme = try game(12) {
      $0.count % 2 == 0 ? -Game.maximumMagnitude : Game.maximumMagnitude
    }
    #expect(extreme.shapley().numeratorSum == 0)
  }
}
