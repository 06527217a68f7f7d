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
  @Option(help: "The cross-encoder: a name or a path, or \"none\".")
  var cross = "cross-encoder"
  @Option(help: "The frequency table; by default the one beside the reader.")
  var lexicon: String?
  @Option(help: "Label weights other than those in use: lexical,semantic,context,cross,none.")
  var weights: LabelWeights?
  @Option(help: "Threads of the engine.")
  var threads = 1

  func load() throws -> Engine {
    let backend = try Backend(threads: threads)
    let model = try LanguageModel.load(path: ModelLocator.find(reader), backend: backend)
    let embedder = try EmbeddingModel.load(path: ModelLocator.find(embedding), backend: backend)
    let lexicon = try lexicon.map { try Lexicon.load($0) } ?? .load(besideModel: model.path)
    let crossEncoder =
      try cross == "none"
      ? nil : CrossEncoder.load(path: ModelLocator.find(cross), backend: backend)
    let names = [model.name] + (crossEncoder.map { [$0.configuration.name] } ?? [])
    return Engine(
      answerer: try ReaderAnswerer(
        model: model, embedder: embedder, crossEncoder: crossEncoder, lexicon: lexicon,
        weights: weights),
      lexicon: lexicon,
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
struct Engine {
  let answerer: ReaderAnswerer
  let lexicon: Lexicon
  let description: String
}
