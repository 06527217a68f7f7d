import Agent
import ArgumentParser

/// Shows the coalition table behind an answer.
struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why",
    abstract: "Show what an answer was worth with and without each source.",
    discussion:
      "ANSWER is a trace id or its beginning; without it, the last answer that had sources.")

  @Argument(help: "A trace id or its beginning.")
  var answer: String?

  @Flag(
    help: "Show instead which words of the answer stand together in installed shards, and where.")
  var spans = false

  @Flag(
    help:
      "Show instead what each sentence did: the answer is computed again without it."
  )
  var sentences = false

  @Flag(help: "Print JSON instead of text.")
  var json = false

  @OptionGroup(title: "Options of --sentences") var computing: ComputingArguments

  func validate() throws {
    guard !(spans && sentences) else { throw ValidationError("--spans or --sentences, not both") }
  }

  func run() async throws {
    let session = try AgentSession(options: computing.options)
    let report = try session.report(matching: answer)
    let text = AnswerText(colours: Terminal.colours)
    if sentences {
      let found = try session.sentences(matching: report.trace)
      return print(json ? try found.json() : text.sentences(found, of: report))
    }
    guard spans else {
      return print(json ? try report.json() : text.explanation(of: report))
    }
    let found = try session.spans(of: report.answer)
    print(json ? try SpanReport.json(found.spans) : text.spans(found.spans, of: report))
    found.damaged.forEach { Terminal.note("\($0)") }
    if !found.damaged.isEmpty { throw ExitCode.badData }
  }
}

/// Brings the word indexes up to date with the installed shards, ahead of `why --spans`, which would do it
/// otherwise: a failure here costs nothing yet.
func indexWords() {
  do {
    try AgentSession().refreshSpans().forEach { Terminal.note("\($0)") }
  } catch {
    Terminal.note("the words of the shards are not indexed yet: \(error)")
  }
}
