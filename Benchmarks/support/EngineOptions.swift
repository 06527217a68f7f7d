import Answering
import ArgumentParser
import Inference
import Kernels

/// Where the models are and how many threads run them.
package struct EngineOptions: ParsableArguments {
  @Option(help: "The reader: a name or a path.")
  package var reader = "reader"
  @Option(help: "The embedding model: a name or a path.")
  package var embedding = "embedding"
  @Option(help: "The cross-encoder: a name or a path.")
  package var cross = "cross-encoder"
  @Flag(help: "Answer without a cross-encoder.")
  package var noCross = false
  @Option(help: "The frequency table; by default the one beside the reader.")
  package var lexicon: String?
  @Option(help: "Label weights other than those in use: lexical,semantic,context,cross,none.")
  package var weights: LabelWeights?
  @Option(help: "Threads of the engine.")
  package var threads = 1

  package init() {}

  package func load() throws -> Engine {
    let backend = try Backend(threads: threads)
    let model = try LanguageModel.load(path: ModelLocator.find(reader), backend: backend)
    let embedder = try EmbeddingModel.load(path: ModelLocator.find(embedding), backend: backend)
    let lexicon = try lexicon.map { try Lexicon.load($0) } ?? .load(besideModel: model.path)
    let crossEncoder =
      try noCross ? nil : CrossEncoder.load(path: ModelLocator.find(cross), backend: backend)
    let names = [model.name] + (crossEncoder.map { [$0.configuration.name] } ?? [])
    return Engine(
      answerer: try ReaderAnswerer(
        model: model, embedder: embedder, crossEncoder: crossEncoder, lexicon: lexicon,
        weights: weights),
      embedder: embedder, lexicon: lexicon, backend: backend,
      description:
        "\(names.joined(separator: " and ")), \(backend.isa.rawValue), \(threads) thread(s)")
  }
}

extension LabelWeights: ExpressibleByArgument {
  /// Five numbers; what is quoted beside the best sentence stays as it is.
  package init?(argument: String) {
    let numbers = argument.split(separator: ",").compactMap { Double($0) }
    guard numbers.count == 5 else { return nil }
    self = .tuned
    (lexical, semantic, context) = (numbers[0], numbers[1], numbers[2])
    (cross, none) = (numbers[3], numbers[4])
  }
}

/// The loaded models.
package struct Engine {
  package let answerer: ReaderAnswerer
  package let embedder: EmbeddingModel
  package let lexicon: Lexicon
  package let backend: Backend
  package let description: String
}
