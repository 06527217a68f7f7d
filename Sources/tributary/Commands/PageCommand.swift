import Agent
import ArgumentParser
import Foundation

/// Writes answers and their influence as one HTML page.
struct PageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "page",
    abstract: "Write answers and their influence as one self-contained HTML page.")

  @Argument(help: "The file to write.")
  var output: String

  @Option(help: "How many of the latest answers.")
  var last: Int = 50

  @Flag(
    help: """
      Also show what each sentence did: every answer is computed again without it, which needs its \
      model and its shards.
      """)
  var sentences = false

  @OptionGroup(title: "Options of --sentences") var computing: ComputingArguments

  func run() async throws {
    let session = try AgentSession(options: computing.options)
    let (entries, damaged) = try session.pageEntries(last: last, withSentences: sentences)
    let html = try AnswerPage.html(entries)
    do {
      try Data(html.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
    } catch {
      throw AgentError(.cannotCreate, "\(output): cannot be written: \(error.localizedDescription)")
    }
    print("\(output): \(counted(entries.count, "answer"))")
    let unknown = entries.count { if case .failure = $0.sentences { true } else { false } }
    if unknown > 0 {
      Terminal.note(
        "what each sentence did is not known of \(counted(unknown, "answer")): see there")
    }
    if damaged > 0 {
      Terminal.note("\(counted(damaged, "damaged trace")) left out: tributary trace verify --all")
    }
  }
}
