import Answering
import Attribution
import AttributionMethods
import BenchmarkSupport
import Inference
import Tokenizers

/// A reader without terms beside its own logits, its context as for a model trained on one ordinary
/// prompt, `<|d1|><|s1|> sentence ... <|q|> question <|a|>`: what stands where decides what is said.
///
/// A source that is missing leaves the prompt.
struct JointReader {
  private let model: LanguageModel
  private let tokenizer: any Tokenizer
  private let special: [String: Int32]
  /// Where the question begins in independent context; nil where the file does not say.
  private let questionPosition: Int?

  init(path: String, engine: Engine) throws {
    model = try LanguageModel.load(path: path, backend: engine.backend)
    tokenizer = try model.tokenizer
    questionPosition = try model.file.optionalInt("tributary.question_position")
    let names =
      ["<|q|>", "<|a|>"] + (1...8).map { "<|d\($0)|>" } + (1...40).map { "<|s\($0)|>" }
    var special: [String: Int32] = [:]
    for name in names {
      guard let token = tokenizer.token(named: name) else {
        throw AnswerError.notAReader(model: path, missing: name)
      }
      special[name] = token
    }
    self.special = special
  }

  /// A sentence of a document, as indices.
  struct Place: Equatable {
    let document: Int
    let sentence: Int
  }

  private func token(_ name: String) -> Int32 { special["<|\(name)|>"] ?? 0 }

  private func words(_ text: String) -> [Int32] {
    tokenizer.encode(" " + text, addSpecial: false, parseSpecial: false)
  }

  /// The prompt with the documents of `order`, numbered and labelled as they come.
  private func prompt(
    _ item: PlantedItem, order: [Int]
  ) -> (tokens: [Int32], labels: [(place: Place, token: Int32)]) {
    let (passages, labels) = passages(item, order: order)
    return (passages.flatMap { $0 } + question(item), labels)
  }

  private func question(_ item: PlantedItem) -> [Int32] {
    [token("q")] + words(item.question) + [token("a")]
  }

  private func passages(
    _ item: PlantedItem, order: [Int]
  ) -> (tokens: [[Int32]], labels: [(place: Place, token: Int32)]) {
    var passages: [[Int32]] = []
    var labels: [(place: Place, token: Int32)] = []
    for (number, document) in order.enumerated() {
      passages.append([token("d\(number + 1)")])
      for (index, sentence) in item.documents[document].sentences.enumerated() {
        let label = token("s\(labels.count + 1)")
        labels.append((Place(document: document, sentence: index), label))
        passages[number] += [label] + words(sentence)
      }
    }
    return (passages, labels)
  }

  /// Whether all documents of the item fit the model's context.
  func fits(_ item: PlantedItem) -> Bool {
    let sentences = item.documents.flatMap(\.sentences)
    let longest = sentences.map { words($0).count }.max() ?? 0
    let prompt = prompt(item, order: Array(item.documents.indices)).tokens
    return sentences.count <= 40
      && prompt.count + longest + 2 <= model.configuration.contextLength
  }

  /// The most probable sentence.
  func answer(
    _ item: PlantedItem, order: [Int], mode: ContextMode = .joint
  ) throws -> Place? {
    let (passages, labels) = passages(item, order: order)
    var tokens = question(item)
    var segments: [KVSegment] = []
    switch mode {
    case .joint: tokens = passages.flatMap { $0 } + tokens
    case .independent: segments = try read(passages)
    }
    let values = try model.logProbabilities(of: [
      ScoredSequence(
        tokens: tokens, targets: labels.map { (row: tokens.count - 1, token: $0.token) },
        startPosition: mode == .joint ? 0 : start(passages), attending: segments)
    ])[0]
    guard let best = values.max() else { return nil }
    return zip(labels, values).first { $0.1 == best }?.0.place
  }

  /// Passages that do not see each other, all from position 0 on.
  private func read(_ passages: [[Int32]]) throws -> [KVSegment] {
    let segments = passages.map { _ in model.makeSegment() }
    _ = try model.forward(
      zip(passages, segments).map { ForwardRequest(tokens: $0, segment: $1, outputs: .none) })
    return segments
  }

  /// The question's position behind passages that do not see each other.
  private func start(_ passages: [[Int32]]) -> Int {
    questionPosition ?? passages.map(\.count).max() ?? 0
  }

  /// The same where passages do not see each other: one that is missing is a segment less, and the
  /// others keep their labels.
  func independentShapley(
    _ item: PlantedItem, order: [Int], quoting place: Place
  ) throws -> Game {
    let (passages, labels) = passages(item, order: order)
    let segments = try read(passages)
    let label = (labels.first { $0.place == place } ?? labels[0]).token
    let text = words(item.documents[place.document].sentences[place.sentence])
    let sequences = Coalition.everyone(item.documents.count).subsets.map { coalition in
      ScoredSequence(
        context: question(item), continuation: [label] + text, startPosition: start(passages),
        attending: order.indices.filter { coalition.contains(order[$0]) }.map { segments[$0] })
    }
    return try game(sequences, players: item.documents.count)
  }

  private func game(_ sequences: [ScoredSequence], players: Int) throws -> Game {
    let values = try model.logProbabilities(of: sequences).map { row in
      MicroNats((row.reduce(0, +) * 1e6).rounded())
    }
    return try Game(players: players, table: values)
  }

  /// Exact values of the documents, in nats, for an answer that quotes `place`.
  ///
  /// Without its document the label that it has with everybody present stands for the answer.
  func shapley(_ item: PlantedItem, order: [Int], quoting place: Place) throws -> Game {
    let all = prompt(item, order: order).labels
    let whole = all.first { $0.place == place }?.token ?? all[0].token
    let text = words(item.documents[place.document].sentences[place.sentence])
    let sequences = Coalition.everyone(item.documents.count).subsets.map { coalition in
      let (tokens, labels) = prompt(item, order: order.filter { coalition.contains($0) })
      let label = labels.first { $0.place == place }?.token ?? whole
      return ScoredSequence(context: tokens, continuation: [label] + text)
    }
    return try game(sequences, players: item.documents.count)
  }
}
