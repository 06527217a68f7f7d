import Foundation
import Inference
import Kernels
import Synchronization
import TestSupport
import Testing

@testable import Retrieval

/// The real model, which is asked once for each text.
private final class RememberingEmbedder: Embedder {
  private let model: FileEmbedder
  private let known = Mutex<[String: [Float]]>([:])

  init(_ model: EmbeddingModel) { self.model = FileEmbedder(model) }

  var identity: String { get throws { try model.identity } }
  var dimensions: Int { model.dimensions }

  func embed(_ texts: [String]) throws -> [[Float]] {
    try known.withLock { known in
      let new = Array(Set(texts.filter { known[$0] == nil }))
      for (text, vector) in zip(new, try model.embed(new)) { known[text] = vector }
      return texts.map { known[$0] ?? [] }
    }
  }
}

/// Measured with the embedding model of the package, on questions that nothing was tuned on but the
/// evidence floor.
@Suite struct RetrievalQualityTests {
  private static let model: String = {
    let root = URL(filePath: #filePath).appending(path: "../../../Models").standardized.path
    let folder = ProcessInfo.processInfo.environment["TRIBUTARY_MODELS"] ?? root
    return folder + "/embedding.gguf"
  }()

  private static var canRun: Bool {
    QuestionSet.isPresent && FileManager.default.fileExists(atPath: model)
  }

  /// One for both tests, since they embed the same texts.
  private static let embedder = Result {
    RememberingEmbedder(try EmbeddingModel.load(path: model, backend: Backend(threads: 1)))
  }

  private func index(_ folder: TemporaryFolder) throws -> Index {
    try Index(path: folder.index, embedder: Self.embedder.get())
  }

  @Test(.enabled(if: canRun, "needs Models/embedding.gguf and qa/xquad-en-even.json"))
  func `fusion finds the passage with the answer among four, and better than either ranking`()
    throws
  {
    let questions = try QuestionSet()
    let folder = try TemporaryFolder()
    let index = try index(folder)
    try index.synchronize(with: [questions.shard()])
    var quality: [RetrievalOptions.Method: RankingQuality] = [:]
    for method in RetrievalOptions.Method.allCases {
      var options = RetrievalOptions(limit: 10, perContributor: 10)
      options.method = method
      for question in questions.questions {
        quality[method, default: RankingQuality()]
          .add(try index.search(question.text, options: options), for: question)
      }
      print("XQuAD \(method.rawValue): \(quality[method]!)")
    }
    let fused = quality[.fused]!
    #expect(fused.paragraphRecall(at: 4) >= 0.98)
    #expect(fused.answerRecall(at: 4) >= 0.95)
    #expect(fused.meanReciprocalRank >= 0.86)
    for other in [quality[.lexical]!, quality[.semantic]!] {
      #expect(fused.answerRecall(at: 4) > other.answerRecall(at: 4))
      #expect(fused.meanReciprocalRank > other.meanReciprocalRank)
    }
  }

  @Test(.enabled(if: canRun, "needs Models/embedding.gguf and qa/xquad-en-even.json"))
  func `questions about other subjects find nothing or little`() throws {
    let questions = try QuestionSet()
    let folder = try TemporaryFolder()
    let index = try index(folder)
    let half = questions.articles.count / 2
    try index.synchronize(with: [questions.shard(Array(questions.articles[..<half].joined()))])
    var (refused, foreign, lost, own) = (0, 0, 0, 0)
    for question in questions.questions {
      let found = try index.search(question.text, limit: 8, perContributor: 8)
      if question.article < half {
        own += 1
        if found.isEmpty { lost += 1 }
      } else {
        foreign += 1
        if found.isEmpty { refused += 1 }
      }
    }
    print(
      "XQuAD: no sources for \(refused) of \(foreign) foreign and \(lost) of \(own) own questions")
    #expect(Double(refused) >= 0.45 * Double(foreign))
    #expect(Double(lost) <= 0.02 * Double(own))
  }
}
