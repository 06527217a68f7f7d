import Corpus
import Testing

private func words(_ range: Range<Int>, seed: Int = 1) -> String {
  range.map { "w\(($0 &* 7919 &+ seed &* 104_729) % 100_003)" }.joined(separator: " ")
}

private func owners(_ texts: [String]) -> [Int64: Int64] {
  let candidates = texts.enumerated().map { index, text in
    let text = NormalizedText(text)
    return DuplicateCandidate(
      id: Int64(index), digest: text.digest, signature: MinHash(Shingles(text)))
  }
  return DuplicateClusters.owners(of: candidates) { Shingles(NormalizedText(texts[Int($0)])) }
}

@Suite struct DuplicatesTests {
  @Test(arguments: [
    "the TOWER is 41 m tall", "The tower, is: 41 m -- tall!",
    "The  to\u{200B}wer\nis 41 m \u{AD}tall",
    "\u{FF34}he tower is 41 m tall",
  ])
  func `case, punctuation, spaces, width and invisible characters do not make a text new`(
    copy: String
  ) {
    let original = NormalizedText("The tower is 41 m tall.")
    #expect(NormalizedText(copy) == original)
    #expect(owners(["The tower is 41 m tall.", copy]) == [1: 0])
  }

  @Test func `scripts without spaces have words`() {
    #expect(NormalizedText("塔高41米。").words.count == 4)
    #expect(
      NormalizedText("Café CAFE\u{301}").words.map { String(decoding: $0, as: UTF8.self) } == [
        "café", "café",
      ])
  }

  @Test func `a text with a few words changed belongs to the earliest`() {
    let original = words(0..<100)
    let edited = original.replacing("w\((50 * 7919 + 104_729) % 100_003) ", with: "other ")
    #expect(edited != original)
    #expect(
      owners([words(0..<100, seed: 9), original, edited, original + " and more"]) == [2: 1, 3: 1])
  }

  @Test func `texts that share half of their words stay apart`() {
    #expect(owners([words(0..<100), words(50..<150), words(200..<220)]) == [:])
  }

  @Test func `a chain of small edits does not join what is different`() {
    let chain = (0..<12).map { words(($0 * 8)..<($0 * 8 + 100)) }
    let found = owners(chain)
    #expect(found[1] == 0)
    #expect(found[11] != 0)
    for (copy, owner) in found {
      let pair = [copy, owner].map { Shingles(NormalizedText(chain[Int($0)])) }
      #expect(pair[0].jaccard(pair[1]) >= DuplicateClusters.threshold)
    }
  }

  @Test func `short and empty texts are duplicates only of equal ones`() {
    #expect(owners(["", "one two", "one two three", "One, two!", ""]) == [3: 1, 4: 0])
  }

  @Test(arguments: [(0, 1.0), (10, 0.82), (50, 0.33), (100, 0.0)])
  func `a signature estimates the similarity`(shift: Int, expected: Double) {
    let texts = [words(0..<104), words(shift..<(shift + 104))].map { Shingles(NormalizedText($0)) }
    #expect(abs(texts[0].jaccard(texts[1]) - expected) < 0.01)
    let signatures = texts.map { MinHash($0) }
    #expect(abs(signatures[0].similarity(signatures[1]) - expected) < 0.13)
  }

  @Test func `a signature survives its bytes and refuses others`() {
    let signature = MinHash(Shingles(NormalizedText(words(0..<30))))
    #expect(MinHash(bytes: signature.bytes) == signature)
    #expect(MinHash(bytes: Array(signature.bytes.dropLast())) == nil)
  }

  @Test func `ten thousand texts that share all but one band value cost bounded time`() {
    let texts = (0..<3_000).map { "\(words(0..<6)) tail\($0)" }
    let time = ContinuousClock().measure { _ = owners(texts) }
    #expect(time < .seconds(30))
  }
}
