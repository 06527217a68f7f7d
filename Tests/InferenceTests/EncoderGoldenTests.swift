import GGUF
import Kernels
import Testing

@testable import Inference

/// Outputs of tiny encoders of each kind against llama.cpp and a float64 evaluation.
@Suite struct EncoderGoldenTests {
  struct Golden: Decodable {
    struct Vectors: Decodable {
      let model: String
      let llamaCpp: [[Float]]
      let reference: [[Float]]
    }

    struct Scores: Decodable {
      let model: String
      /// llama.cpp's, where every token has the type 0.
      let scores: [Float]
      let oneType: [Float]
      let twoTypes: [Float]
    }

    let texts: [[Int32]]
    let query: [Int32]
    let passages: [[Int32]]
    let vectors: [Vectors]
    let ranked: Scores
  }

  private func golden() throws -> Golden {
    try Fixture.decode(Golden.self, path: Fixture.path("encoder-golden.json"))
  }

  private func reranker(isa: ISA? = nil, threads: Int = 1) throws -> RerankModel {
    try RerankModel.load(
      path: Fixture.path("encoder-reranker.gguf"), backend: Backend(isa: isa, threads: threads))
  }

  /// llama.cpp's GELU differs by up to 0.001 from the one that the models were trained with.
  static let peerBound: Float = 6e-4
  static let exactBound: Float = 3e-4

  @Test func vectorsAgreeWithLlamaCppAndTheDefinition() throws {
    let golden = try golden()
    #expect(golden.vectors.count == 3)
    for item in golden.vectors {
      let model = try EmbeddingModel.load(
        path: Fixture.path("\(item.model).gguf"), backend: Backend(threads: 1))
      let vectors = model.embed(tokens: golden.texts)
      for (index, vector) in vectors.enumerated() {
        let peer = zip(vector, item.llamaCpp[index]).map { abs($0 - $1) }.max()!
        let exact = zip(vector, item.reference[index]).map { abs($0 - $1) }.max()!
        #expect(peer < Self.peerBound, "\(item.model), text \(index)")
        #expect(exact < Self.exactBound, "\(item.model), text \(index)")
      }
    }
  }

  @Test func scoresAgreeWithLlamaCppAndTheDefinition() throws {
    let golden = try golden()
    let scores = try reranker().score(query: golden.query, passages: golden.passages)
    for (score, expected) in zip(scores, golden.ranked.twoTypes) {
      #expect(abs(score - expected) < 0.003)
    }
    // llama.cpp gives the passage the query's token type, so it is compared with a file of one type.
    var file = try GGUFCopy(path: Fixture.path("encoder-reranker.gguf"))
    file.keepFirstRow(of: "token_types.weight")
    let oneType = try RerankModel.load(file: file.reopened(), backend: Backend(threads: 1))
      .score(query: golden.query, passages: golden.passages)
    for (index, score) in oneType.enumerated() {
      #expect(abs(score - golden.ranked.oneType[index]) < 0.003)
      #expect(abs(score - golden.ranked.scores[index]) < 0.01)
    }
    #expect(zip(scores, oneType).allSatisfy { abs($0 - $1) > 0.01 })
  }

  @Test func aScoreDependsOnItsTextsAlone() throws {
    let golden = try golden()
    let expected = try reranker().score(query: golden.query, passages: golden.passages)
    for isa in TestModels.sets {
      let model = try reranker(isa: isa, threads: 2)
      let reversed = try model.score(query: golden.query, passages: golden.passages.reversed())
      #expect(reversed.reversed() == expected)
    }
    let long = golden.passages[2] + golden.passages[2] + golden.passages[2]
    let scores = try reranker().score(query: golden.query, passages: [long, long + [9]])
    #expect(scores[0] == scores[1], "what is beyond the last position cannot matter")
    #expect(throws: InferenceError.contextOverflow(needed: 65, limit: 64)) {
      try reranker().score(query: Array(repeating: 5, count: 61), passages: [[7]])
    }
    #expect(throws: InferenceError.tokenOutOfRange(token: 64, vocabulary: 64)) {
      try reranker().score(query: [64], passages: [[7]])
    }
  }

  @Test func eachModelRefusesTheOthersFiles() throws {
    let backend = try Backend(threads: 1)
    let (embedder, ranker) = (
      Fixture.path("encoder-bert-mean.gguf"), Fixture.path("encoder-reranker.gguf")
    )
    #expect {
      try EmbeddingModel.load(path: ranker, backend: backend)
    } throws: { "\($0)".contains("bert.pooling_type") && "\($0)".contains("ranks") }
    #expect {
      try RerankModel.load(path: embedder, backend: backend)
    } throws: { "\($0)".contains("pooling_type 4") }
    #expect {
      try RerankModel.load(path: Fixture.path("tiny-odd.gguf"), backend: backend)
    } throws: { "\($0)".contains("llama") }
  }
}
