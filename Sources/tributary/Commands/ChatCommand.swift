import Agent
import ArgumentParser

/// A session of questions.
struct ChatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Ask questions in a session; /help inside it.",
    discussion: "^C stops an answer and keeps the session, ^D leaves. Works in a pipe, too.")

  @OptionGroup var arguments: SessionArguments

  func run() async throws {
    Interrupt.install()
    let session = try arguments.openSession()
    try session.refreshIndex { Terminal.note($0) }
    var loop = ChatLoop(session: session)
    try await loop.run()
  }
}
