import GGUF
import Kernels
import Testing

@testable import Inference

/// What cross-encoders say about sentences, against PyTorch and across batches and processors.
@Suite struct CrossEncoderTests {
  struct Golden: Decodable {
    struct Passage: Decodable {
      let scores: [Double]
      /// The first word and the one after the last.
      let spans: [[Int]]
    }

    let question: String
    let passages: [[String]]
    let expected: [Passage]
  }

  private static let path = Fixture.path("encoder-sentences.gguf")

  private func golden() throws -> Golden {
    try Fixture.decode(Golden.self, path: Fixture.path("cross-golden.json"))
  }

  private func load(isa: ISA? = nil, threads: Int = 1) throws -> CrossEncoder {
    try CrossEncoder.load(path: Self.path, backend: Backend(isa: isa, threads: threads))
  }

  @Test func `scores and spans are PyTorch's`() throws {
    let golden = try golden()
    let found = try load().read(question: golden.question, passages: golden.passages)
    try #require(found.count == golden.expected.count)
    for (sentences, expected) in zip(found, golden.expected) {
      try #require(sentences.count == expected.scores.count)
      for (index, sentence) in sentences.enumerated() {
        #expect(abs(sentence.score - expected.scores[index]) < 0.02)
        #expect([sentence.span.lowerBound, sentence.span.upperBound] == expected.spans[index])
      }
    }
  }

  /// PyTorch's numbers are of the same file in float32; here inputs of products are of 8 bits too.
  @Test func `the shipped file finds what PyTorch finds`() throws {
    let model = try CrossEncoder.load(
      path: Fixture.path("../../../Models/cross-encoder.gguf"), backend: Backend(threads: 1))
    let found = try model.read(
      question: "When did the harbour of Orrin become deeper?",
      passages: [
        [
          "The Orrin lighthouse was built in 1874 by the engineer Maud Terrell.",
          "It stands 41 metres tall.",
        ],
        [
          "The harbour of Orrin was dredged in 1902.",
          "Its fishing fleet lands mostly herring and cod.",
          "A ferry leaves for the islands twice a day.",
        ],
        ["On Sundays the bakery stays closed."],
      ])
    let expected = [[-4.35245, -13.36465], [2.92934, -11.85675, -8.98841], [-13.23419]]
    for (sentences, scores) in zip(found, expected) {
      try #require(sentences.count == scores.count)
      for (sentence, score) in zip(sentences, scores) {
        #expect(abs(sentence.score - score) < 0.2)
      }
    }
    #expect(found[0][0].span == 6..<7 && found[1][0].span == 7..<8, "1874 and 1902")
  }

  @Test func `a score depends on question and passage alone, to the last bit`() throws {
    let golden = try golden()
    let expected = try load().read(question: golden.question, passages: golden.passages)
    for isa in TestModels.sets {
      let model = try load(isa: isa, threads: 2)
      let reversed = try model.read(
        question: golden.question, passages: golden.passages.reversed())
      #expect(reversed.reversed() == expected)
      let single = try model.read(question: golden.question, passages: [golden.passages[0]])
      #expect(single == [expected[0]])
    }
    let other = try load().read(question: "Who built it?", passages: golden.passages)
    #expect(other[0][0].score != expected[0][0].score)
  }

  @Test func `spans are different words of the sentence, the likeliest first`() throws {
    let golden = try golden()
    let found = try load().read(question: golden.question, passages: golden.passages)
    for (passage, sentences) in zip(golden.passages, found) {
      for (text, sentence) in zip(passage, sentences) {
        let words = text.split(separator: " ").count
        #expect(sentence.spans.count == min(8, words * (words + 1) / 2))
        #expect(Set(sentence.spans.map(\.words)).count == sentence.spans.count)
        #expect(sentence.spans.allSatisfy { !$0.words.isEmpty && $0.words.upperBound <= words })
        #expect(sentence.spans.map(\.score) == sentence.spans.map(\.score).sorted(by: >))
      }
    }
  }

  @Test func `a passage without sentences or words has no spans, and nothing fails`() throws {
    let found = try load().read(question: "", passages: [[], [""], ["?", " "]])
    #expect(found.map(\.count) == [0, 1, 2])
    #expect(found[1][0].span.isEmpty && found[2][1].span.isEmpty)
    #expect(found[2][0].span == 0..<1)
    #expect(try load().read(question: "Who?", passages: []).isEmpty)
  }

  @Test func `what is too long is read in part`() throws {
    let long = String(repeating: "the lighthouse ", count: 30)
    let scores = try load().read(question: "Who?", passages: [[long], [long + "is old"]])
    #expect(scores[0] == scores[1], "only the beginning of a sentence as long as a passage is read")
    let question = String(repeating: "how tall ", count: 10)
    let passages = [["It stands."]]
    let one = try load().read(question: question, passages: passages)
    #expect(try load().read(question: question + "who?", passages: passages) == one)
  }

  @Test func `layers that are separate matter`() throws {
    let golden = try golden()
    let scores = try [0, 1, 3].map { layers in
      var file = try GGUFCopy(path: Self.path)
      file.metadata["tributary.separate_layers"] = .uint32(UInt32(layers))
      return try CrossEncoder.load(file: file.reopened(), backend: Backend(threads: 1))
        .read(question: golden.question, passages: golden.passages)[0][0].score
    }
    #expect(Set(scores).count == 3)
  }

  @Test func `files of other kinds are refused by name, and fields that make no sense`() throws {
    let backend = try Backend(threads: 1)
    for name in ["encoder-bert-mean.gguf", "encoder-reranker.gguf", "tiny-odd.gguf"] {
      #expect {
        try CrossEncoder.load(path: Fixture.path(name), backend: backend)
      } throws: { "\($0)".contains(name) && "\($0)".contains("sentences") }
    }
    #expect { try EmbeddingModel.load(path: Self.path, backend: backend) } throws: {
      "\($0)".contains("pooling_type") && "\($0)".contains("chooses sentences")
    }
    #expect { try RerankModel.load(path: Self.path, backend: backend) } throws: {
      "\($0)".contains("pooling_type 4")
    }
    let changes: [(key: String, value: MetadataValue)] = [
      ("tributary.head", .string("labels")), ("tributary.separate_layers", .uint32(4)),
      ("tributary.question_tokens", .uint32(2)), ("tributary.passage_tokens", .uint32(60)),
      ("tributary.cosine_scale", .float32(.nan)),
    ]
    for change in changes {
      var file = try GGUFCopy(path: Self.path)
      file.metadata[change.key] = change.value
      let named = change.key == "tributary.head" ? "pooling_type" : change.key
      #expect { try CrossEncoder.load(file: file.reopened(), backend: backend) } throws: {
        "\($0)".contains(named)
      }
    }
  }
}

extension CrossEncoder.Sentence {
  /// The likeliest words; empty where there are none.
  fileprivate var span: Range<Int> { spans.first?.words ?? 0..<0 }
}
