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

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func run() async throws {
    let session = try AgentSession(options: AgentOptions())
    let report = try session.report(matching: answer)
    print(json ? try report.json() : AnswerText(colours: Terminal.colours).explanation(of: report))
  }
}
