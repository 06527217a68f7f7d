import Answering
import ArgumentParser
import Inference
import Kernels

/// Where the models are and how many threads run them.
struct EngineOptions: ParsableArguments {
  @Option(help: "The reader: a name or a path.")
  var reader = "reader"
  @Option(help: "The embedding model: a name or a path.")
  var embedding = "embedding"
  @Option(help: "The frequency table; by default the one beside the reader.")
  var lexicon: String?
  @Option(help: "Threads of the engine.")
  var threads = 1

  func load() throws -> Engine {
    let backend = try Backend(threads: threads)
    let model = try LanguageModel.load(path: ModelLocator.find(reader), backend: backend)
    let embedder = try EmbeddingModel.load(path: ModelLocator.find(embedding), backend: backend)
    let lexicon = try lexicon.map { try Lexicon.load($0) } ?? .load(besideModel: model.path)
    return Engine(
      answerer: try ReaderAnswerer(model: model, embedder: embedder, lexicon: lexicon),
      lexicon: lexicon, description: "\(model.name), \(backend.isa.rawValue), \(threads) thread(s)")
  }
}

/// The loaded models.
struct Engine {
  let answerer: ReaderAnswerer
  let lexicon: Lexicon
  let description: String
}
