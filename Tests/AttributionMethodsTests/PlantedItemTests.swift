import Testing

@testable import AttributionMethods

@Suite struct PlantedItemTests {
  /// Twelve paragraphs of seven sentences; each question shares its number with its paragraph.
  private let builder = PlantedItemBuilder(
    paragraphs: (0..<12).map { paragraph in
      PlantedParagraph(
        sentences: (0..<7).map {
          "Paragraph \(paragraph) sentence \($0) says word\(paragraph)x\($0)."
        },
        questions: [0, 6].map {
          PlantedParagraph.Question(
            text: "What says \(paragraph) in \($0)?", answer: "word\(paragraph)x\($0)", sentence: $0
          )
        })
    }, seed: 9
  ) { question, text in
    Double(Set(question.split(separator: " ")).intersection(text.split(separator: " ")).count)
  }

  @Test func `the gold passage is cut around the sentence that answers`() {
    for question in 0..<2 {
      let gold = builder.gold((paragraph: 3, question: question))
      #expect(gold.count == 5)
      #expect(gold.contains { $0.contains(question == 0 ? "word3x0" : "word3x6") })
    }
  }

  @Test func `only the gold document holds the answer, and everybody owns one`() {
    for place in builder.questions(limit: 24) {
      let item = builder.single(place, documents: 8, owners: 4)
      #expect(item.documents.count == 8)
      #expect(Set(item.documents.map(\.owner)) == [0, 1, 2, 3])
      #expect(item.documents.count { $0.role == .gold } == 1)
      #expect(item.owners(saying: item.answer) == [item.owner(.gold)])
      #expect(Set(item.documents.map(\.paragraph)).count == 8)
    }
  }

  @Test func `owners are drawn from the seed and the question alone`() {
    let items = builder.questions(limit: 24).map {
      builder.single($0, documents: 8, owners: 4).documents.map(\.owner)
    }
    let again = builder.questions(limit: 24).map {
      builder.single($0, documents: 8, owners: 4).documents.map(\.owner)
    }
    #expect(items == again)
    #expect(Set(items.map { $0[0] }).count == 4, "the gold passage has no owner of its own")
  }

  @Test func `fewer questions are evenly spaced ones`() {
    let places = builder.questions(limit: 6).map(\.paragraph)
    #expect(places == [0, 2, 4, 6, 8, 10])
    #expect(builder.questions(limit: 1000).count == 24)
  }
}
