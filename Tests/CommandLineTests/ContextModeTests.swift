import Agent
import Corpus
import Foundation
import TestSupport
import Testing
import Trace

/// `--context`, from an answer to its replay, with a random chat model and with the reader.
@Suite(.serialized) struct ContextModeTests {
  private static let model = PackageFolder.root.appendingPathComponent(
    "Tests/InferenceTests/Fixtures/chat-tiny.gguf"
  ).path
  private let question = "When was the fog horn installed?"

  private func ask(_ tool: Tool, _ more: String...) throws -> AnswerReport {
    let result = try tool.run(
      "tributary",
      ["ask", "--json", "--model", Self.model, "--max-tokens", "12", question] + more)
    try #require(result.status == 0, "\(result.errors)")
    return try JSONDecoder().decode(AnswerReport.self, from: Data(result.output.utf8))
  }

  private func replay(_ tool: Tool, _ trace: String, _ more: String...) throws -> ProcessEnding {
    try tool.run("tributary", ["trace", "replay", trace, "--model", Self.model] + more)
  }

  @Test func aChatModelAnswersInBothModesAndEachTraceReplays() throws {
    let world = try World()
    defer { world.close() }
    let reader = world.reader
    let joint = try ask(reader)
    let named = try ask(reader, "--context", "joint")
    #expect(joint.mode == "joint" && named.mode == "joint")
    #expect(named.answer == joint.answer && named.coalitions == joint.coalitions)

    #expect(try reader.tributary("config", "set", "context", "independent").status == 0)
    #expect(try reader.tributary("config", "list").output.contains("independent"))
    let independent = try ask(reader)
    #expect(independent.mode == "independent" && independent.contributors.count > 1)
    #expect(independent.coalitions != joint.coalitions)
    #expect(independent.timing.promptTokens > 0 && independent.dropped.isEmpty)
    let why = try reader.tributary("why")
    #expect(
      why.output.contains("In independent context, passages do not see each other"),
      "\(why.output)")
    #expect(why.output.contains("independent context; attribution took"))
    #expect(try reader.tributary("config", "set", "model", Self.model).status == 0)
    let sentences = try reader.tributary("why", "--sentences")
    #expect(sentences.status == 0, "\(sentences.errors)")
    #expect(sentences.output.contains("One sentence taken out at a time"), "\(sentences.output)")
    let page = reader.file("page.html")
    #expect(try reader.tributary("page", page.path).status == 0)
    let html = try String(contentsOf: page, encoding: .utf8)
    #expect(html.contains("In independent context, passages do not see each other"))
    #expect(html.contains("In joint context, the prompt was written anew"))

    // A trace is computed in the mode that it names, whatever the settings say.
    for trace in [joint.trace, independent.trace] {
      for threads in ["1", "2"] {
        let again = try replay(reader, trace, "-t", threads)
        #expect(again.status == 0, "\(again.output) \(again.errors)")
      }
    }
    #expect(try reader.tributary("trace", "verify", "--all").status == 0)

    // One that names the other mode is computed in that.
    let file = reader.file("trace.bin")
    #expect(try reader.tributary("trace", "export", independent.trace, file.path).status == 0)
    var record = try TraceCodec.open(Array(Data(contentsOf: file))).record
    record.mode = .joint
    let forged = try TraceCodec.seal(record, identity: ContributorIdentity(name: "forger"))
    try Data(forged.storedBytes).write(to: file)
    let result = try replay(reader, file.path)
    #expect(result.status == 77)
    #expect(result.output.contains("private.coalitions[0].tokens[0]"), "\(result.output)")
  }

  @Test func theReaderHasOneMode() throws {
    let world = try World()
    defer { world.close() }
    let joint = try world.reader.tributary("ask", "--context", "joint", question)
    #expect(joint.status == 64)
    #expect(
      joint.errors.contains("context: found joint, expected independent"), "\(joint.errors)")
    let independent = try world.reader.tributary("ask", "--context", "independent", question)
    #expect(independent.status == 0, "\(independent.errors)")
    // A joint trace of another model is refused for its model, not for the reader's mode.
    let chat = try ask(world.reader)
    let replay = try world.reader.tributary("trace", "replay", chat.trace)
    #expect(replay.status == 77)
    #expect(replay.output.contains("model: found") && replay.output.contains("context: found"))
  }
}
