import Attribution
import Testing

@testable import Answering

/// A sentence that an earlier contributor's document has as well is worth nothing to whoever quotes it.
@Suite struct QuotationTests {
  private let question = "When does the Sella bakery open?"
  private let fact =
    "The Sella bakery opens at six in the morning and sells rye bread on Tuesdays."
  private let own = ["The hill is bare.", "Sheep graze on it."]

  private func hill(_ sentences: [String]) -> Source {
    Source(
      reference: "hill", text: sentences.joined(separator: " "), sentences: sentences, player: 3,
      document: 15)
  }

  private func marked(_ sources: [Source], precedence: [Int]) throws -> [Set<Int>] {
    try Models.answerer().withoutQuotations(sources, precedence: precedence).map(\.unread)
  }

  @Test(arguments: [
    ("The Sella bakery opens at six in the morning and sells rye bread on Tuesdays.", true),
    ("THE SELLA BAKERY, opens at six in the morning; and sells rye bread on Tuesdays!", true),
    (
      "The Sella bakery indeed opens at six in the early morning and sells rye bread on Tuesdays.",
      true
    ),
    ("The Orrin bakery opens at seven in the evening and sells white rolls on Sundays.", false),
    ("The Sella bakery opens at six.", false),
    ("Tourists like the hill and its many sheep very much indeed.", false),
  ])
  func `a quotation is the same sentence, or nearly`(sentence: String, isQuotation: Bool) throws {
    let sources = [Village.sources[1], hill([own[0], sentence, own[1]])]
    #expect(try marked(sources, precedence: [0, 1]) == [[], isQuotation ? [1] : []])
    #expect(try marked(sources.reversed(), precedence: [1, 0]) == [isQuotation ? [1] : [], []])
  }

  @Test func `the earlier one is read, and nobody quotes oneself`() throws {
    let sources = [Village.sources[1], hill([fact])]
    #expect(try marked(sources, precedence: [5, 2]) == [[0], []])
    #expect(try marked(sources, precedence: [2, 2]) == [[], []])
    let same = Source(
      reference: "again", text: fact, sentences: [fact], player: Village.sources[1].player,
      document: 16)
    #expect(try marked([Village.sources[1], same], precedence: [0, 1]) == [[], []])
    let read = try Models.answerer().withoutQuotations(
      [Village.sources[1], hill([fact]), hill([fact] + own)], precedence: [0, 1, 2])
    #expect(read.map(\.isUnread) == [false, true, false])
  }

  @Test func `a document that mixes a quotation with its own words is worth what it is without`()
    throws
  {
    let answerer = try Models.answerer()
    func values(_ sources: [Source]) throws -> ([[MicroNats]], [Int: Int], String) {
      let answer = try answerer.answer(question, sources: sources)
      let coalitions = Coalition.everyone(answer.documents.count).subsets
      let report = try answerer.attribute(answer, seed: 0)
      return (
        try answerer.scorer(for: answer).tokenValues(of: coalitions),
        Dictionary(uniqueKeysWithValues: report.contributors.map { ($0.player, $0.sharePPM) }),
        answer.text
      )
    }
    let precedence = Array(0..<6)
    let mixed = Village.sources + [hill([own[0], fact, own[1]])]
    let plain = try values(Village.sources + [hill(own)])
    let marked = try values(answerer.withoutQuotations(mixed, precedence: precedence))
    #expect(marked == plain)
    // Where it is read it shares the credit.
    let read = try values(mixed)
    #expect(try #require(read.1[3]) > 200_000)
    #expect(try #require(plain.1[3]) < 50_000)
  }
}
