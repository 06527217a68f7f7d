import Testing

@testable import Attribution

@Suite struct InformationSharesTests {
  @Test func `shares split the removed surprise and the rest is the model's own`() {
    let shares = InformationShares(
      influences: [6, 2, -1], withoutSources: -10, withAllSources: -3)
    // G = 7/10, split 6 : 2.
    #expect(shares.ppm == [525_000, 175_000, 0])
    #expect(shares.ownKnowledgePPM == 300_000)
  }

  @Test func `everything sums to one million for any influences`() {
    for seed in UInt64(1)...300 {
      var generator = SplitMix64(seed: seed)
      let without = -MicroNats(generator.below(90_000_000))
      let influences = (0..<generator.below(9)).map { _ in
        MicroNats(generator.below(20_000_000)) - 8_000_000
      }
      let shares = InformationShares(
        influences: influences, withoutSources: without,
        withAllSources: -MicroNats(generator.below(90_000_000)))
      #expect(shares.ppm.reduce(shares.ownKnowledgePPM, +) == 1_000_000)
      #expect(zip(shares.ppm, influences).allSatisfy { $0 >= 0 && ($1 > 0 || $0 == 0) })
    }
  }

  @Test func `largest remainders are rounded up, earlier contributors first`() {
    let shares = InformationShares(influences: [1, 1, 1], withoutSources: -1, withAllSources: 0)
    #expect(shares.ppm == [333_334, 333_333, 333_333])
    #expect(shares.ownKnowledgePPM == 0)
  }

  @Test(
    arguments: [
      ([], -5, -5), ([4, 1], 0, 0), ([4, 1], 3, 9), ([-4, -1], -5, -10), ([3, -3], -5, -5),
      ([0, 0], -5, -2),
    ] as [([MicroNats], MicroNats, MicroNats)])
  func `where no source removed surprise all of it is the model's own`(
    influences: [MicroNats], without: MicroNats, with: MicroNats
  ) {
    let shares = InformationShares(
      influences: influences, withoutSources: without, withAllSources: with)
    #expect(shares.ppm == influences.map { _ in 0 })
    #expect(shares.ownKnowledgePPM == 1_000_000)
  }

  @Test func `cloning a source does not enlarge the pot`() throws {
    for seed in UInt64(1)...50 {
      let original = try randomGame(3, seed: seed)
      // Player 3 is a copy of player 0: either or both of them count once.
      let cloned = try game(4) { coalition in
        let once = coalition.removing(3)
        return original[coalition.contains(3) ? once.adding(0) : once]
      }
      func shares(_ game: Game) -> InformationShares {
        InformationShares(
          influences: game.shapley().rounded(to: game.gain), withoutSources: game[.nobody],
          withAllSources: game[game.everyone])
      }
      #expect(shares(cloned).ownKnowledgePPM == shares(original).ownKnowledgePPM)
    }
  }

  @Test func `documents split their contributor's share to the last ppm`() {
    #expect(InformationShares.split(ppm: 100, over: [1, 1, 1]) == [34, 33, 33])
    #expect(InformationShares.split(ppm: 7, over: [-5, 5]) == [0, 7])
    #expect(InformationShares.split(ppm: 0, over: [-5, -1]) == [0, 0])
    #expect(InformationShares.split(ppm: 1, over: [0, 0]) == [1, 0])
  }
}
