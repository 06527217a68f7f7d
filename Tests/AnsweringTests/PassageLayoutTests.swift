import Inference
import Testing

@testable import Answering

@Suite struct PassageLayoutTests {
  private func layout(_ sources: [Source]) throws -> PassageLayout {
    let model = try Models.reader.get()
    return PassageLayout(
      sources: sources, vocabulary: try ReaderVocabulary(model), tokenizer: try model.tokenizer)
  }

  @Test func `the slots do not depend on the order of the sources`() throws {
    let slots = try layout(Village.sources).passages.map { ($0.slot, $0.sentences[0].text) }
    let reversed = try layout(Village.sources.reversed()).passages
      .map { ($0.slot, $0.sentences[0].text) }
    #expect(slots.elementsEqual(reversed, by: ==))
    #expect(Set(slots.map(\.0)).count == 5)
  }

  @Test func `a passage alone stands in the slot that its hash names`() throws {
    for source in Village.sources {
      let passage = try #require(try layout([source]).passages.first)
      #expect(UInt64(passage.slot) == fnv1a(source.sentences.joined(separator: "\n")) % 8)
    }
  }

  @Test func `equal texts of different sources get slots of their own`() throws {
    let copies = (0..<8).map { index in
      Village.source("copy \(index)", player: index, document: index, "The same sentence.")
    }
    let layout = try layout(copies)
    #expect(layout.passages.map(\.slot) == Array(0..<8))
    #expect(Set(layout.passages.map(\.source)).count == 8)
  }

  @Test func `labels are five to a slot`() throws {
    let layout = try layout(Village.sources)
    for passage in layout.passages {
      for index in passage.sentences.indices {
        let label = passage.label(ofSentence: index)
        #expect((passage.slot * 5 + 1...passage.slot * 5 + 5).contains(label))
        #expect(layout.sentence(label)?.text == passage.sentences[index].text)
      }
      #expect(layout.sentence(passage.slot * 5 + 5) == nil)
    }
  }

  @Test func `a source of more than five sentences stands in neighbouring slots`() throws {
    let long = Source(
      reference: "long", text: "", sentences: (1...12).map { "Sentence number \($0)." }, player: 0,
      document: 0)
    let layout = try layout([Village.sources[0], long, Village.sources[1]])
    #expect(layout.passages.count == 3)
    let passage = try #require(layout.passages.first { $0.source == 1 })
    #expect(passage.slot <= 5)
    for index in 0..<12 {
      #expect(layout.sentence(passage.slot * 5 + index + 1)?.text == long.sentences[index])
    }
  }

  @Test func `sources that fill the slots exactly are all placed`() throws {
    for seed in 0..<40 {
      let sizes = [11, 13, 6]
      let sources = sizes.enumerated().map { index, size in
        Source(
          reference: "\(index)", text: "",
          sentences: (0..<size).map { "Text \(seed) \(index) \($0)." },
          player: index, document: index)
      }
      let layout = try layout(sources)
      #expect(layout.dropped.isEmpty)
      let labels = layout.passages.flatMap { passage in
        passage.sentences.indices.map { passage.label(ofSentence: $0) }
      }
      #expect(Set(labels).count == 30 && labels.allSatisfy { (1...40).contains($0) })
    }
  }

  @Test func `a source without sentences is dropped`() throws {
    let empty = Source(reference: "empty", text: "", sentences: [], player: 0, document: 0)
    #expect(try layout([empty, Village.sources[0]]).dropped == [0])
  }

  @Test func `line breaks inside a sentence are spaces to the reader`() throws {
    let broken = Village.source("x", player: 0, document: 0, "Two\n  lines\tof text.")
    #expect(try layout([broken]).passages[0].sentences[0].text == "Two lines of text.")
  }
}
