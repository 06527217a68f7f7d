import Agent
import ArgumentParser
import Foundation

/// Answers one question and shows whose documents caused the answer.
struct AskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ask",
    abstract: "Answer a question and show whose documents caused the answer.")

  @Argument(help: "The question; '-' reads it from standard input.")
  var question: [String]

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  @OptionGroup var arguments: SessionArguments

  func run() async throws {
    let text = try questionText()
    Interrupt.install()
    let session = try arguments.openSession()
    try session.refreshIndex { Terminal.note($0) }
    let report = try session.ask(
      text, onText: { if !json { Terminal.stream($0) } },
      isCancelled: { Interrupt.isRaised })
    if json {
      print(try report.json())
    } else {
      print("\n")
      print(AnswerText(colours: Terminal.colours).summary(of: report))
    }
  }

  private func questionText() throws -> String {
    var text = question.joined(separator: " ")
    if text == "-" {
      text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
    }
    text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !text.isEmpty else { throw ValidationError("the question is empty") }
    return text
  }
}
