import Answering
import ArgumentParser
import BenchmarkSupport
import Foundation

/// Measures the embedded reader's answers, and tunes what is fixed about them.
@main
struct AnswerBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "answer-bench",
    abstract: "Measures answers end to end, tunes label weights, builds the frequency table.",
    subcommands: [QualityCommand.self, TuneCommand.self, LexiconCommand.self],
    defaultSubcommand: QualityCommand.self)
}

/// Prints the quality table in Markdown.
struct QualityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quality", abstract: "Answer a SQuAD-format question set and print a table.")

  @Argument(help: "Questions in SQuAD's JSON format.")
  var questions = "../shared/data/qa/xquad-en-even.json"
  @OptionGroup var engine: EngineOptions
  @Option(help: "Use every n-th question only.")
  var every = 1
  @Option(help: "Distractors of the last two columns; 0 leaves them out.")
  var far = 7
  @Flag(inversion: .prefixedNo, help: "Answer and attribute the hard2 items end to end.")
  var attribution = true

  func run() throws {
    let engine = try engine.load()
    let paragraphs = try QuestionSet.squad(questions)
    let report = try QualityReport(
      paragraphs: paragraphs, every: every, far: far, attributing: attribution, engine: engine)
    print(report.markdown)
  }
}

/// Finds the label weights on held-out questions.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune", abstract: "Tune label weights on held-out rows, one JSON object a line.",
    discussion: """
      gzip -dc ../shared/data/reader/held-out-questions.jsonl.gz | answer-bench tune
      """)

  @Option(help: "At most this many questions of each row.")
  var perRow = 4
  @OptionGroup var engine: EngineOptions

  func run() throws {
    let engine = try engine.load()
    let paragraphs = try QuestionSet.rows(standardInput(), questionsPerRow: perRow)
    print(try Tuning(paragraphs: paragraphs, engine: engine).markdown)
  }
}

/// Builds `Models/reader-idf.tsv` from the reader's training rows.
struct LexiconCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lexicon", abstract: "Count stems of training rows, one JSON object a line.",
    discussion: """
      cd ../shared/data/reader && gzip -dc passages-with-questions.jsonl.gz prose.jsonl.gz \
      | answer-bench lexicon > reader-idf.tsv
      """)

  @Option(help: "Leave out stems found less often.")
  var minimum = 3

  func run() throws {
    let rows = try QuestionSet.rows(standardInput(), questionsPerRow: 0)
    print(Lexicon.table(of: rows.lazy.flatMap(\.sentences), minimum: minimum), terminator: "")
  }
}

private func standardInput() -> Data { FileHandle.standardInput.readDataToEndOfFile() }
