import Answering
import ArgumentParser
import AttributionMethods
import BenchmarkSupport
import Inference

/// Prints joint beside independent context, in Markdown.
struct ContextCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "context",
    abstract: "Put a chat model's joint and independent context beside each other, item by item.",
    discussion: """
      Answers are those of the question set, and what the model writes itself. The part 'values' looks \
      at all coalitions of the documents, in both modes: with 8 documents and a large model that takes \
      long, 'cost' alone does not.
      """)

  enum Part: String, CaseIterable, ExpressibleByArgument {
    case quality, values, order, cost
  }

  @OptionGroup var engine: EngineOptions
  @OptionGroup var set: QuestionOptions
  @Option(help: "A chat model's GGUF file.")
  var model: String?
  @Flag(help: "Use ChatML for a model without a template.")
  var chatML = false
  @Option(parsing: .upToNextOption, help: "What is measured; everything unless named.")
  var parts = Part.allCases
  @Option(help: "Documents of a question, the gold one among them.")
  var documents = 8
  @Option(help: "Their owners.")
  var owners = 4
  @Option(help: "Answers among which that of the question is ranked.")
  var candidates = 20
  @Option(help: "The most tokens of an answer that the model writes.")
  var maxTokens = 32
  @Option(help: "On how many of the questions the order of the documents is changed.")
  var reordered = 8
  @Option(parsing: .upToNextOption, help: "Readers to put into both modes, on --reader-items.")
  var readers: [String] = []
  @Option(help: "Questions for the readers.")
  var readerItems = 400
  @Option(help: "Of these, on how many the reader's answer is valued.")
  var readerValued = 60

  func validate() throws {
    guard (2...10).contains(documents), (2...documents).contains(owners) else {
      throw ValidationError(
        "found \(documents) documents of \(owners) owners, expected 2 to 10 of 2 to as many")
    }
    guard model != nil || !readers.isEmpty else {
      throw ValidationError("expected --model or --readers")
    }
  }

  func run() throws {
    let bench = try Bench(engine: engine.load(), options: set)
    if !readers.isEmpty {
      let report = try ReaderModeReport(
        bench, paths: readers, items: readerItems, valued: readerValued)
      print(report.markdown)
    }
    guard let model else { return }
    let loaded = try LanguageModel.load(path: model, backend: bench.engine.backend)
    let chat = ChatModes(
      model: loaded, template: chatML ? .chatML : nil, maximumTokens: maxTokens)
    print(
      """
      \(bench.places.count) questions; \(loaded.name), \(bench.engine.backend.isa.rawValue), \
      \(engine.threads) thread(s); \(documents) documents of \(owners) owners; seed \(set.seed).

      """)
    var quality = ContextQualityReport(candidates: candidates)
    var attribution = ContextAttributionReport()
    var cost = ContextCostReport()
    let every = max(1, bench.places.count / max(1, reordered))
    for (number, place) in bench.places.enumerated() {
      let item = bench.builder.single(place, documents: documents, owners: owners)
      let others = otherAnswers(than: item, bench)
      // Which mode comes first alternates.
      let modes = number.isMultiple(of: 2) ? ContextMode.allCases : ContextMode.allCases.reversed()
      let seed = bench.seed &+ UInt64(number)
      if parts.contains(.quality) { try quality.add(item, others: others, chat, modes) }
      if parts.contains(.values) {
        try attribution.add(item, chat, modes, bench.engine, seed: seed)
      }
      if parts.contains(.order), number.isMultiple(of: every) {
        try attribution.addOrders(item, chat, seed: seed)
      }
      if parts.contains(.cost) { try cost.add(item, chat, modes, seed: seed) }
    }
    if parts.contains(.quality) { print(quality.markdown) }
    if parts.contains(.values) { print(attribution.markdown) }
    if parts.contains(.order) { print(attribution.orderMarkdown) }
    if parts.contains(.cost) { print(cost.markdown) }
  }

  /// The answers to other questions that stand in none of the item's documents.
  private func otherAnswers(than item: PlantedItem, _ bench: Bench) -> [String] {
    let all = bench.builder.questions(limit: .max).map {
      bench.builder.paragraphs[$0.paragraph].questions[$0.question].answer
    }
    let texts = item.documents.map { $0.sentences.joined(separator: " ").lowercased() }
    var found: [String] = []
    let step = max(1, all.count / (2 * candidates))
    for index in stride(from: item.question.utf8.count % step, to: all.count, by: step)
    where found.count < candidates - 1 {
      let answer = all[index].lowercased()
      if !found.contains(all[index]), !texts.contains(where: { $0.contains(answer) }) {
        found.append(all[index])
      }
    }
    return found
  }
}

/// A chat model's answerers, made anew whenever nothing may be cached.
struct ChatModes {
  let model: LanguageModel
  let template: ChatTemplate?
  let maximumTokens: Int

  func answerer(_ mode: ContextMode) throws -> any TextValuing {
    switch mode {
    case .joint:
      try ChatAnswerer(model: model, template: template, maximumTokens: maximumTokens)
    case .independent:
      try IndependentChatAnswerer(
        model: model, template: template, maximumTokens: maximumTokens)
    }
  }
}
