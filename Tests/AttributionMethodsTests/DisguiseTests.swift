import Testing

@testable import AttributionMethods

@Suite struct DisguiseTests {
  @Test func `synonyms keep capitals, punctuation and the answer`() {
    let text = "However, the large city was built in 1890 by many people."
    #expect(
      Disguise.synonyms(text, keeping: "built in 1890")
        == "Nevertheless, this big town stood as built in 1890 via numerous persons.")
    #expect(Disguise.synonyms("Zürich 7 ½").elementsEqual("Zürich 7 ½"))
  }

  @Test func `no five words of the original stay together`() {
    let text = "one two three four five six seven eight nine ten eleven twelve"
    let words = Disguise.fillers(text).split(separator: " ")
    for start in 0...(words.count - 5) {
      #expect(words[start..<start + 5].contains("indeed"))
    }
    #expect(words.filter { $0 != "indeed" }.joined(separator: " ") == text)
  }

  @Test func `what is to be kept is kept whole`() {
    let text = "a b c d e f g h i j k l"
    #expect(Disguise.fillers(text, keeping: "c d e f g").contains("c d e f g"))
  }

  @Test func `another order has the same sentences`() {
    let sentences = ["a.", "b.", "c.", "d.", "e."]
    #expect(Disguise.reordered(sentences) == ["b.", "d.", "a.", "c.", "e."])
    #expect(Disguise.reordered(["a."]) == ["a."])
  }
}

@Suite struct AnswerKindTests {
  @Test func `numbers, names and phrases are told apart`() {
    #expect(AnswerKind("1890") == AnswerKind("24 March 1879"))
    #expect(AnswerKind("Marie Curie") == AnswerKind("Warsaw"))
    #expect(AnswerKind("Marie Curie") != AnswerKind("the river"))
    #expect(AnswerKind("1890") != AnswerKind("Warsaw"))
    #expect(AnswerKind("a river") != AnswerKind("a river that runs to the sea"))
  }

  @Test func `a replacement is of the same kind and shares no word`() {
    let candidates = ["the year 1890", "Old Warsaw", "1890", "Warsaw", "Kraków"]
    #expect(AnswerKind.replacement(for: "Warsaw", among: candidates, from: 0) == "Kraków")
    #expect(AnswerKind.replacement(for: "1234", among: candidates, from: 1) == "1890")
    #expect(AnswerKind.replacement(for: "a stone", among: candidates, from: 0) == nil)
    #expect(AnswerKind.replacement(for: "Warsaw", among: [], from: 0) == nil)
  }
}

@Suite struct HalvesTests {
  @Test func `a sentence is cut at the comma nearest to its middle`() throws {
    let cut = try #require(
      Halves("In 1890 the tower was built, and the keeper came from the island.", keeping: "1890"))
    #expect(cut.first == "In 1890 the tower was built,")
    #expect(cut.second == "and the keeper came from the island.")
    #expect(cut.isAnswerFirst)
  }

  @Test func `the answer is never cut`() throws {
    let answer = "a lamp of steel turns alone above"
    let cut = try #require(
      Halves("Since then there \(answer) the black rocks of it.", keeping: answer))
    #expect([cut.first, cut.second].contains { $0.contains(answer) })
  }

  @Test func `too short a sentence is not cut`() {
    #expect(Halves("It stands 41 metres tall.", keeping: "41") == nil)
    #expect(Halves("One two three four five six seven eight nine.", keeping: "ten") == nil)
  }
}
