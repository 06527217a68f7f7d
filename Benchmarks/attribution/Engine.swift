import Answering
import ArgumentParser
import AttributionMethods
import Inference
import Kernels

/// Where the models are and how many threads run them.
struct EngineOptions: ParsableArguments {
  @Option(help: "The reader: a name or a path.")
  var reader = "reader"
  @Option(help: "The embedding model: a name or a path.")
  var embedding = "embedding"
  @Option(help: "Threads of the engine.")
  var threads = 1

  func load() throws -> Engine {
    let backend = try Backend(threads: threads)
    let model = try LanguageModel.load(path: ModelLocator.find(reader), backend: backend)
    let embedder = try EmbeddingModel.load(path: ModelLocator.find(embedding), backend: backend)
    let lexicon = try Lexicon.load(besideModel: model.path)
    return Engine(
      answerer: try ReaderAnswerer(model: model, embedder: embedder, lexicon: lexicon),
      embedder: embedder, lexicon: lexicon, backend: backend,
      description: "\(model.name), \(backend.isa.rawValue), \(threads) thread(s)")
  }
}

/// The loaded models.
struct Engine {
  let answerer: ReaderAnswerer
  let embedder: EmbeddingModel
  let lexicon: Lexicon
  let backend: Backend
  let description: String

  func similarity(_ left: String, _ right: String) throws -> Double {
    let vectors = try embedder.embed([left, right])
    return cosine(vectors[0], vectors[1])
  }
}

/// The engine with the questions to ask it.
final class Bench {
  let engine: Engine
  let seed: UInt64
  let builder: PlantedItemBuilder
  let places: [(paragraph: Int, question: Int)]

  init(engine: Engine, options: QuestionOptions) throws {
    self.engine = engine
    seed = options.seed
    let words = StemCache()
    builder = PlantedItemBuilder(
      paragraphs: try QuestionFile.squad(options.questions), seed: options.seed
    ) { question, text in
      engine.lexicon.overlap(question: words.stems(of: question), sentence: words.stems(of: text))
    }
    places = builder.questions(limit: options.items)
  }

  var header: String {
    """
    \(places.count) questions; \(engine.description); seed \(seed).

    """
  }
}

/// The content stems of texts, each computed once.
private final class StemCache {
  private var known: [String: [String]] = [:]

  func stems(of text: String) -> [String] {
    if let stems = known[text] { return stems }
    let stems = Stems.content(of: text)
    known[text] = stems
    return stems
  }
}
