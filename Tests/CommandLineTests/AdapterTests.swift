import Agent
import Foundation
import TestSupport
import Testing
import Trace

/// Adapters of shards from packing to replay, with a random chat model.
@Suite(.serialized) struct AdapterTests {
  private static let fixtures = PackageFolder.root.appendingPathComponent(
    "Tests/InferenceTests/Fixtures")
  private static let model = fixtures.appendingPathComponent("chat-tiny.gguf").path
  private static let adapter = fixtures.appendingPathComponent("chat-tiny-first.gguf").path
  private let question = "When was the fog horn installed?"

  /// A contributor's shard with one document and the adapter.
  private func pack(_ tool: Tool, _ more: String..., adapter: String = adapter) throws
    -> ProcessEnding
  {
    _ = try tool.write(
      "# The horn\n\nThe fog horn was painted green in 1911, and the horn was tuned twice.\n",
      to: "docs/horn.md")
    _ = try tool.tributary("key", "init", "--name", "Tuner of horns")
    return try tool.run(
      "tributary",
      [
        "shard", "pack", tool.file("docs").path, "--name", "horn", "--license", "CC0-1.0",
        "--output", tool.file("horn.shard").path, "--adapter", adapter,
      ] + more)
  }

  private struct Setting {
    let world: World
    let tuner: Tool
    let root: String

    func close() {
      world.close()
    }
  }

  /// The sample shards and one with an adapter, installed for a reader who uses the chat model.
  private func setting() throws -> Setting {
    let world = try World()
    let tuner = try Tool()
    let packed = try pack(tuner, "--base", Self.model)
    try #require(packed.status == 0, "\(packed.errors)")
    #expect(packed.output.contains("carries the adapter chat-tiny-first.gguf"))
    let install = try world.reader.tributary("shard", "install", tuner.file("horn.shard").path)
    try #require(install.status == 0, "\(install.errors)")
    #expect(install.output.contains("chat-tiny answers with it"))
    for (key, value) in [("model", Self.model), ("passages", "3"), ("passagesPerContributor", "1")]
    {
      #expect(try world.reader.tributary("config", "set", key, value).status == 0)
    }
    let list = try world.reader.tributary("shard", "list").output
    let line = try #require(list.split(separator: "\n").first { $0.contains("Tuner of horns") })
    return Setting(
      world: world, tuner: tuner, root: String(line.split(separator: " ")[0]))
  }

  private func ask(
    _ tool: Tool, _ more: String...
  ) throws -> (report: AnswerReport, errors: String) {
    let result = try tool.run(
      "tributary", ["ask", "--json", "--max-tokens", "12", question] + more)
    try #require(result.status == 0, "\(result.errors)")
    return (
      try JSONDecoder().decode(AnswerReport.self, from: Data(result.output.utf8)), result.errors
    )
  }

  @Test func anAdapterAnswersIsCreditedAndReplays() throws {
    let setting = try setting()
    defer { setting.close() }
    let reader = setting.world.reader
    let show = try reader.tributary("shard", "show", setting.root)
    #expect(show.output.contains("base model   chat-tiny (llama), file with sha256"))

    let answer = try ask(reader).report
    #expect(answer.mode == "joint")
    let adapter = try #require(answer.adapters?.first)
    #expect(answer.adapters?.count == 1 && adapter.adapter == "chat-tiny-first.gguf")
    let owner = answer.contributors[adapter.contributor]
    #expect(owner.name == "Tuner of horns")
    let documents = answer.documents.filter { $0.contributor == adapter.contributor }
    let lost = try #require(adapter.leaveOneOutMicroNats)
    #expect(lost != 0 && adapter.owenMicroNats != 0)
    #expect(documents.reduce(adapter.sharePPM) { $0 + $1.sharePPM } == owner.sharePPM)

    let why = try reader.tributary("why")
    #expect(why.output.contains("  adapter chat-tiny-first.gguf"), "\(why.output)")
    #expect(why.output.contains("Adapters that changed the model"))
    #expect(try reader.tributary("trace", "verify", "--all").status == 0)
    for threads in ["1", "2"] {
      let replay = try reader.tributary("trace", "replay", answer.trace, "-t", threads)
      #expect(replay.status == 0, "\(replay.output) \(replay.errors)")
    }
    let independent = try ask(reader, "--context", "independent").report
    #expect(independent.mode == "independent" && independent.adapters?.count == 1)
    #expect(independent.coalitions.count == answer.coalitions.count)
    var portable = reader
    portable.environment["TRIBUTARY_ISA"] = "portable"
    for trace in [answer.trace, independent.trace] {
      let replay = try portable.tributary("trace", "replay", trace)
      #expect(replay.status == 0, "\(replay.output) \(replay.errors)")
    }

    let sync = try reader.tributary("sync")
    #expect(sync.status == 0, "\(sync.errors)")
    if owner.sharePPM > 0 {
      #expect(try reader.tributary("statement").output.contains("Tuner of horns"))
    }
  }

  @Test func withoutTheShardTheModelIsItselfAgainAndReplayNamesWhatIsMissing() throws {
    let setting = try setting()
    defer { setting.close() }
    let reader = setting.world.reader
    let changed = try ask(reader).report
    #expect(try reader.tributary("shard", "remove", setting.root).status == 0)
    let plain = try ask(reader).report
    #expect(plain.adapters == nil)
    #expect(!plain.contributors.contains { $0.name == "Tuner of horns" })
    #expect(plain.answer != changed.answer)
    let missing = try reader.tributary("trace", "replay", changed.trace)
    #expect(missing.status == 77)
    #expect(
      missing.output.contains("adapters[0]: chat-tiny-first.gguf of shard"), "\(missing.output)")
    // The trace of the answer without it is its own.
    #expect(try reader.tributary("trace", "replay", plain.trace).status == 0)
  }

  @Test func aFlippedByteOfAnInstalledAdapterIsNamed() throws {
    let setting = try setting()
    defer { setting.close() }
    let reader = setting.world.reader
    let answer = try ask(reader).report
    let folder = reader.file("home/shards")
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .first { $0.hasPrefix(setting.root) })
    let file = folder.appendingPathComponent("\(name)/shard")
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count - 100] ^= 1
    try bytes.write(to: file)
    let replay = try reader.tributary("trace", "replay", answer.trace)
    #expect(replay.status == 77)
    #expect(
      replay.output.contains("adapter \"chat-tiny-first.gguf\": its hash differs"),
      "\(replay.output)")
    // An answer does without it, and says so.
    let (report, errors) = try ask(reader)
    #expect(report.adapters == nil && errors.contains("its adapter is not used"), "\(errors)")
  }

  @Test func anAdapterThatDoesNotFitIsNotPacked() throws {
    let tool = try Tool()
    let other = Self.fixtures.appendingPathComponent("family-qwen2.gguf").path
    let architecture = try pack(tool, "--base", other)
    #expect(architecture.status == 65, "\(architecture.errors)")
    #expect(architecture.errors.contains("general.architecture: found llama, expected qwen2"))
    let model = try pack(tool, "--base", Self.model, adapter: Self.model)
    #expect(model.status == 65 && model.errors.contains("general.type"), "\(model.errors)")
    #expect(try pack(tool).status == 64)
    #expect(!FileManager.default.fileExists(atPath: tool.file("horn.shard").path))
  }

  @Test func theReaderUsesNoAdapterAndNobodyHasTo() throws {
    let setting = try setting()
    defer { setting.close() }
    let reader = setting.world.reader
    let changed = try ask(reader).report
    #expect(try reader.tributary("config", "set", "adapters", "false").status == 0)
    let (plain, errors) = try ask(reader)
    #expect(plain.adapters == nil && errors.isEmpty, "\(errors)")
    #expect(plain.contributors.contains { $0.name == "Tuner of horns" })
    // The setting is for new answers; a trace is computed as it was made.
    let replay = try reader.tributary("trace", "replay", changed.trace)
    #expect(replay.status == 0, "\(replay.output) \(replay.errors)")
    #expect(try reader.tributary("config", "set", "model", "reader").status == 0)
    #expect(try ask(reader).report.adapters == nil)
  }
}
