import ArgumentParser
import BenchmarkSupport

/// Measures attribution methods beside each other, and what gaming brings.
@main
struct AttributionBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attribution-bench",
    abstract: "Compares attribution methods on planted sources.",
    subcommands: [MethodsCommand.self, CostsCommand.self, GamingCommand.self, ContextCommand.self],
    defaultSubcommand: MethodsCommand.self)
}

/// Prints how the methods compare, in Markdown.
struct MethodsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods",
    abstract: "Plant sources among others and ask each method who caused the answer.")

  enum Part: String, CaseIterable, ExpressibleByArgument {
    case games, single, pairs, order
  }

  @OptionGroup var engine: EngineOptions
  @OptionGroup var set: QuestionOptions
  @Option(parsing: .upToNextOption, help: "What is printed; everything unless named.")
  var parts = Part.allCases
  @Option(help: "Of these, on how many the order of passages is changed.")
  var reordered = 40
  @Option(help: "A reader trained on one joint prompt, to measure what order does there.")
  var joint: String?

  func run() throws {
    let bench = try Bench(engine: engine.load(), options: set)
    print(bench.header)
    if parts.contains(.games) { print(try KnownGames.markdown()) }
    if parts.contains(.single) { print(try SingleSourceReport(bench).markdown) }
    if parts.contains(.pairs) { print(try PairReport(bench).markdown) }
    if parts.contains(.order) {
      print(try OrderReport(bench, joint: joint, items: reordered).markdown)
    }
  }
}

/// Prints what the methods cost, in Markdown.
struct CostsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "costs", abstract: "Time each way of valuing an answer beside the answer itself.",
    discussion: "Takes some ten seconds for each question; name few with --items.")

  @OptionGroup var engine: EngineOptions
  @OptionGroup var set: QuestionOptions

  func run() throws {
    let bench = try Bench(engine: engine.load(), options: set)
    print(bench.header)
    print(try CostReport(bench).markdown)
  }
}

/// Prints what attacks bring, in Markdown.
struct GamingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gaming",
    abstract: "Copy, split, disguise, crowd out, contradict, stuff: who is paid before and after.",
    discussion: """
      gzip -dc ../shared/data/reader/passages-with-questions.jsonl.gz > passages.jsonl
      attribution-bench gaming --passages passages.jsonl
      """)

  @OptionGroup var engine: EngineOptions
  @OptionGroup var set: QuestionOptions
  @Option(help: "Further honest texts for the rate of false merges, one {\"sents\": [...]} a line.")
  var passages: String?
  @Option(help: "Only attacks whose name contains this.")
  var only: String?
  @Flag(help: "Print every pair of honest texts that was merged.")
  var showMerges = false

  func run() throws {
    let bench = try Bench(engine: engine.load(), options: set)
    let attacks = Attack.allCases.filter { only.map($0.rawValue.contains) ?? true }
    let merges = try FalseMergeReport(bench.builder.paragraphs, rows: passages)
    print(bench.header)
    print(try GamingReport(bench, attacks: attacks).markdown)
    print(merges.markdown)
    if showMerges { print(merges.pairs) }
  }
}

/// The questions and how many of them.
struct QuestionOptions: ParsableArguments {
  @Argument(help: "Questions in SQuAD's JSON format.")
  var questions = "../shared/data/qa/xquad-en-even.json"
  @Option(help: "Use this many questions, evenly spaced.")
  var items = 120
  @Option(help: "Seed of owners, ablations and held-out coalitions.")
  var seed: UInt64 = 1
}
