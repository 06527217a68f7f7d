import Corpus
import Testing

@Suite struct CopiedSentencesTests {
  private func sentence(_ number: Int, words: Int = 12) -> String {
    (0..<words).map { "s\(number)w\($0)" }.joined(separator: " ").capitalized + "."
  }

  /// One passage for each list of sentences; documents are numbered by `(contributor, document)`.
  private func owners(
    _ passages: [(contributor: UInt8, document: Int64, sentences: [String])]
  ) throws -> [Int64: Int64] {
    CopiedSentences.owners(
      of: try passages.enumerated().map { index, passage in
        CopiedSentences.Passage(
          id: Int64(index), document: passage.document,
          contributor: try #require(
            ContributorKey(bytes: [UInt8](repeating: passage.contributor, count: 32))),
          sentences: passage.sentences)
      })
  }

  @Test func `sentences in another order, in other letters or alone are a copy`() throws {
    let original = (0..<4).map { sentence($0) }
    for copy in [
      original.reversed(), [original[2]],
      original.map { $0.uppercased().replacing(".", with: "!") }.reversed(),
      original.reversed() + ["And a few words."],
    ] {
      #expect(try owners([(1, 1, original), (2, 2, copy)]) == [1: 0])
    }
  }

  @Test func `a passage that quotes a sentence beside its own is none`() throws {
    let original = (0..<4).map { sentence($0) }
    #expect(
      try owners([(1, 1, original), (2, 2, [original[0], sentence(9), original[1]])]) == [:])
    // 36 of 45 words are four fifths, 36 of 46 are not.
    for (own, expected) in [(9, [Int64(1): Int64(0)]), (10, [:])] {
      #expect(
        try owners([(1, 1, original), (2, 2, original[..<3] + [sentence(9, words: own)])])
          == expected)
    }
  }

  @Test func `what was taken from several documents is nobody's copy`() throws {
    #expect(
      try owners([
        (1, 1, [sentence(0), sentence(1)]), (1, 2, [sentence(2), sentence(3)]),
        (2, 3, [sentence(0), sentence(2)]),
      ]) == [:])
  }

  @Test func `a contributor may say a thing twice, and short sentences are anybody's`() throws {
    let original = (0..<4).map { sentence($0) }
    #expect(try owners([(1, 1, original), (1, 2, [original[1]])]) == [:])
    let short = [sentence(0, words: 7)]
    #expect(try owners([(1, 1, short), (2, 2, short)]) == [:])
    let long = [sentence(0, words: 8)]
    #expect(try owners([(1, 1, long), (2, 2, long)]) == [1: 0])
  }

  @Test func `the earliest document that holds enough owns it, by the passage that holds most`()
    throws
  {
    let text = (0..<6).map { sentence($0) }
    let found = try owners([
      (1, 1, Array(text[4...])), (2, 2, [text[0]]), (2, 2, Array(text[1..<4])),
      (3, 3, Array(text[..<4])), (4, 4, text[..<4].reversed()),
    ])
    #expect(found == [3: 2, 4: 2])
  }

  /// A sentence of which every so many words are exchanged for words of its own.
  private func exchanged(_ sentence: String, every period: Int) -> String {
    sentence.split(separator: " ").enumerated().map { index, word in
      index % period == 0 ? "x\(word)" : String(word)
    }.joined(separator: " ")
  }

  @Test func `a copy with other words is a copy while two thirds are left`() throws {
    let original = (0..<4).map { sentence($0, words: 24) }
    // 20, 18 and 12 of 24 words stay; two thirds of each sentence's weight is in more than 16.
    for (period, expected) in [(6, [Int64(1): Int64(0)]), (4, [1: 0]), (2, [:])] {
      let copy = original.map { exchanged($0, every: period) }
      #expect(try owners([(1, 1, original), (2, 2, copy)]) == expected, "every \(period)")
      #expect(try owners([(1, 1, original), (2, 2, copy.reversed())]) == expected)
    }
    let fillers = original.map { $0.replacing(" ", with: " indeed ") }
    #expect(try owners([(1, 1, original), (2, 2, fillers)]) == [1: 0])
  }

  @Test func `sentences of one form about different things are no copies`() throws {
    let notices = [
      "The bakery in Kell opens at six o'clock in the morning and sells rye bread on Tuesdays.",
      "The bakery in Ness opens at seven o'clock in the evening and sells white rolls on Sundays.",
    ]
    let reports = [
      "The Super Bowl LI halftime show took place on February 5, 2017, at NRG Stadium in Houston.",
      "The Super Bowl 50 halftime show took place on February 7, 2016, at Levi's Stadium in Santa Clara.",
    ]
    let others = (0..<20).map { (UInt8(10 + $0), Int64(100 + $0), [sentence($0)]) }
    for pair in [notices, reports] {
      #expect(try owners([(1, 1, [pair[0]]), (2, 2, [pair[1]])] + others) == [:])
    }
  }

  @Test func `who floods the index with a sentence's words hides no copy`() throws {
    let original = [sentence(0, words: 16)]
    let words = original[0].split(separator: " ").map(String.init)
    let flood = (0..<3_000).map { number in
      (
        UInt8(3), Int64(10 + number),
        [words[number % 16] + " " + sentence(100 + number, words: 10)]
      )
    }
    let copy = (UInt8(2), Int64(2), [exchanged(original[0], every: 8)])
    let found = try owners([(1, 1, original)] + flood + [copy])
    #expect(found[Int64(flood.count + 1)] == 0)
  }

  @Test func `a script without spaces is compared word for word alone`() throws {
    let original = ["面包店早上六点开门，星期二卖黑麦面包，中午关门。"]
    let other = ["面包店早上七点开门，星期二卖黑麦面包，中午关门。"]
    #expect(try owners([(1, 1, original), (2, 2, other)]) == [:])
    #expect(try owners([(1, 1, original), (2, 2, original)]) == [1: 0])
  }

  @Test func `a sentence that stands everywhere costs little`() throws {
    let boilerplate = sentence(0, words: 40)
    let passages = (0..<20_000).map { number in
      (UInt8(1 + number % 250), Int64(number), [boilerplate, sentence(number, words: 3)])
    }
    var copies = 0
    let time = try ContinuousClock().measure { copies = try owners(passages).count }
    #expect(copies > 19_000)
    #expect(time < .seconds(20))
  }
}
