import Testing

@testable import AttributionMethods

@Suite struct PairedItemTests {
  private let builder = PlantedItemBuilder(
    paragraphs: [
      PlantedParagraph(
        sentences: [
          "The lighthouse is large and old.",
          "It was built by Marie Duval in 1890, and the keeper came from the island in spring.",
          "Since then a lamp turns alone.",
        ],
        questions: [
          PlantedParagraph.Question(
            text: "Who built the lighthouse?", answer: "Marie Duval", sentence: 1)
        ]),
      PlantedParagraph(
        sentences: [
          "The bakery opens at six.", "Its founder was Ines Roth.",
          "The house of Marie Duval is near.",
        ],
        questions: [
          PlantedParagraph.Question(text: "Who founded it?", answer: "Ines Roth", sentence: 1)
        ]),
      PlantedParagraph(sentences: ["The river is long.", "It freezes."], questions: []),
      PlantedParagraph(sentences: ["Trains leave at noon.", "They are late."], questions: []),
    ], seed: 1
  ) { question, text in
    Double(Set(question.split(separator: " ")).intersection(text.split(separator: " ")).count)
  }
  private let place = (paragraph: 0, question: 0)

  @Test(arguments: PlantedItemBuilder.SecondSource.allCases)
  func `the two planted documents have different owners`(
    kind: PlantedItemBuilder.SecondSource
  ) throws {
    let item = try #require(builder.pair(place, kind, documents: 4, owners: 3))
    #expect(item.documents[0].role == .gold)
    #expect(item.documents[1].role != .distractor && item.documents[1].role != .gold)
    #expect(item.documents[0].owner != item.documents[1].owner)
    #expect(item.documents.dropFirst(2).allSatisfy { $0.role == .distractor })
    #expect(Set(item.documents.map(\.owner)) == Set(0..<3))
  }

  @Test func `only one half of the sentence holds the answer`() throws {
    let item = try #require(builder.pair(place, .otherHalf, documents: 3, owners: 3))
    #expect(item.documents[0].sentences.last == "It was built by Marie Duval in 1890,")
    #expect(
      item.documents[1].sentences
        == ["and the keeper came from the island in spring.", "Since then a lamp turns alone."])
    #expect(item.owners(saying: "Marie Duval") == [item.documents[0].owner])
  }

  @Test func `a restatement holds the answer in other words`() throws {
    let item = try #require(builder.pair(place, .restatement, documents: 3, owners: 3))
    #expect(item.documents[1].sentences != item.documents[0].sentences)
    #expect(item.owners(saying: "Marie Duval").count == 2)
  }

  @Test func `the same words are found in another paragraph`() throws {
    let item = try #require(builder.pair(place, .sameAnswer, documents: 3, owners: 3))
    #expect(item.documents[1].sentences.contains("The house of Marie Duval is near."))
    #expect(item.documents[2].paragraph > 1)
  }

  @Test func `a contradiction differs in the answer alone`() throws {
    let item = try #require(builder.pair(place, .contradiction, documents: 3, owners: 3))
    #expect(item.falseAnswer == "Ines Roth")
    #expect(item.owners(saying: "Marie Duval") == [item.documents[0].owner])
    #expect(item.owners(saying: "Ines Roth") == [item.documents[1].owner])
    #expect(
      item.documents[1].sentences.map { $0.replacing("Ines Roth", with: "Marie Duval") }
        == item.documents[0].sentences)
  }
}
