import Agent
import Foundation

/// Reads lines, answers questions and carries out the slash commands of a session.
struct ChatLoop {
  let session: AgentSession
  private let reader: LineReader
  private let text = AnswerText(colours: Terminal.colours)
  private var last: AnswerReport?

  init(session: AgentSession) {
    self.session = session
    reader = LineReader(history: session.historyPath)
  }

  /// Runs until `/quit` or the end of the input.
  mutating func run() async throws {
    if reader.isInteractive {
      print("\(session.sourcesLine). Ask, or /help. ^D leaves.")
    }
    while true {
      Interrupt.clear()
      switch reader.read(prompt: "> ") {
      case .end:
        if reader.isInteractive { print() }
        return
      case .interrupted:
        Terminal.stream("^C\n")
      case .text(let line):
        let line = line.trimmingCharacters(in: .whitespaces)
        guard !line.isEmpty else { continue }
        reader.remember(line)
        guard try await handle(line) else { return }
      }
    }
  }

  /// Carries out one line; false ends the session, a failure never does.
  private mutating func handle(_ line: String) async throws -> Bool {
    if line == "/quit" || line == "/exit" { return false }
    do {
      if line.hasPrefix("/") {
        try await command(line)
      } else {
        try answer(line)
      }
    } catch let error as AgentError where error.kind == .interrupted {
      print("\n(stopped)")
    } catch {
      Terminal.note("\(error)")
    }
    return true
  }

  private mutating func answer(_ question: String) throws {
    let report = try session.ask(
      question, onText: { Terminal.stream($0) }, isCancelled: { Interrupt.isRaised })
    last = report
    print("\n")
    print(text.summary(of: report))
    print()
  }

  private func command(_ line: String) async throws {
    switch line.split(separator: " ").first.map(String.init) {
    case "/help": print(Self.help)
    case "/sources": try session.sources().forEach { print($0) }
    case "/why": print(text.explanation(of: try last ?? session.report(matching: nil)))
    case "/contributors": try session.contributorTotals().forEach { print($0) }
    case "/trace": try session.describeTrace(last?.trace).forEach { print($0) }
    case "/sync":
      for line in try await session.synchronize().sentences { print(line) }
    case "/stats": try session.statistics().forEach { print($0) }
    case "/model": try session.modelLines().forEach { print($0) }
    case .some(let other): print("\(other): no such command; /help lists them")
    case .none: break
    }
  }

  private static let help = """
    Type a question, or:
      /sources        the shards that are searched
      /why            the coalition table of the last answer
      /contributors   influence by contributor over all answers on this machine
      /trace          the last answer's signed trace
      /sync           send traces to the ledger and verify the receipts
      /stats          counts of answers, traces and receipts
      /model          the model, its engine and this machine's instruction set
      /quit           leave (^D); ^C stops an answer
    """
}
