import Corpus
import Foundation
import Testing
import Trace

/// `trace replay`: what one machine recorded, another one computes again.
@Suite(.serialized) struct ReplayTests {
  private let question = "How tall is Kell Ness Lighthouse?"

  @Test func everyByteComesOutAgainOnAnyThreadsAndInstructionSet() throws {
    let world = try World()
    defer { world.close() }
    let answer = try world.ask(question)
    for threads in ["1", "2"] {
      let replay = try world.reader.tributary("trace", "replay", answer.trace, "-t", threads)
      #expect(replay.status == 0, "\(replay.output) \(replay.errors)")
      #expect(replay.output.contains("the same bytes"))
    }
    var other = world.reader
    other.environment["TRIBUTARY_ISA"] = "portable"
    let replay = try other.tributary("trace", "replay", answer.trace)
    #expect(replay.status == 0, "\(replay.output) \(replay.errors)")
  }

  @Test func aQuotationIsNotReadAndTheTraceReplays() throws {
    let world = try World()
    defer { world.close() }
    let before = try world.ask(question)
    let sentence = try #require(before.answer.split(separator: ".").first) + "."
    let quoter = try Tool()
    let folder = quoter.file("documents")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let text = "A poem on Kell Ness Lighthouse hangs in our hall beside a clock that stands still."
    try Data("\(text) \(sentence) Visitors who ask how tall it is are told to read it.\n".utf8)
      .write(to: folder.appendingPathComponent("poem.md"))
    let shard = quoter.file("poem.shard")
    #expect(try quoter.tributary("key", "init", "--name", "Quoter").status == 0)
    let pack = try quoter.tributary(
      "shard", "pack", folder.path, "--name", "poem", "--license", "CC0-1.0", "--output", shard.path
    )
    #expect(pack.status == 0, "\(pack.errors)")
    // Shards are ordered by the second in which they were installed.
    Thread.sleep(forTimeInterval: 1.1)
    #expect(try world.reader.tributary("shard", "install", shard.path).status == 0)
    let after = try world.ask(question)
    #expect(after.answer == before.answer)
    let share = after.contributors.first { $0.name == "Quoter" }?.sharePPM
    #expect(try #require(share, "it was not retrieved") < 50_000)
    let replay = try world.reader.tributary("trace", "replay", after.trace)
    #expect(replay.status == 0, "\(replay.output) \(replay.errors)")
  }

  @Test func aStrangerNeedsTheShardsAndNothingElse() throws {
    let world = try World()
    defer { world.close() }
    let answer = try world.ask(question)
    let file = world.reader.file("trace.bin")
    #expect(try world.reader.tributary("trace", "export", answer.trace, file.path).status == 0)

    var stranger = try Tool()
    stranger.environment["TRIBUTARY_MODELS"] = world.reader.environment["TRIBUTARY_MODELS"]
    let without = try stranger.tributary("trace", "replay", file.path)
    #expect(without.status == 77)
    #expect(without.output.contains("of shard"), "\(without.output)")

    for shard in world.shards {
      #expect(try stranger.tributary("shard", "install", shard.path).status == 0)
    }
    let replay = try stranger.tributary("trace", "replay", file.path)
    #expect(replay.status == 0, "\(replay.output) \(replay.errors)")
  }

  @Test func whateverWasChangedIsNamed() throws {
    let world = try World()
    defer { world.close() }
    let answer = try world.ask(question)
    let file = world.reader.file("trace.bin")
    #expect(try world.reader.tributary("trace", "export", answer.trace, file.path).status == 0)
    let record = try TraceCodec.open(Array(Data(contentsOf: file))).record
    let forger = try ContributorIdentity(name: "forger")

    /// Signs a changed record and returns what replaying it says.
    func replay(_ change: (inout TraceRecord) -> Void) throws -> String {
      var changed = record
      change(&changed)
      let bytes = try TraceCodec.seal(changed, identity: forger).storedBytes
      try Data(bytes).write(to: file)
      let result = try world.reader.tributary("trace", "replay", file.path)
      #expect(result.status == 77, "\(result.errors)")
      return result.output
    }

    // Players are in the order of their keys, which are new in every run.
    let player = try #require(
      record.players.indices.max {
        record.players[$0].sharePPM < record.players[$1].sharePPM
      })
    let share = record.players[player].sharePPM
    let onePPM = try replay {
      $0.players[player].sharePPM -= 1
      $0.ownKnowledgePPM += 1
    }
    #expect(
      onePPM.contains("private.players[\(player)].share: found \(share), expected \(share - 1)"),
      "\(onePPM)")
    #expect(onePPM.contains("public.own knowledge"))

    let value = record.coalitions[1].tokenMicroNats[0]
    let oneValue = try replay { $0.coalitions[1].tokenMicroNats[0] += 1 }
    #expect(
      oneValue.contains(
        "private.coalitions[1].tokens[0]: found \(value), expected \(value + 1)"), "\(oneValue)")

    let token = record.answerTokens[1]
    let oneToken = try replay { $0.answerTokens[1] += 1 }
    #expect(
      oneToken.contains("private.answer tokens[1]: found \(token), expected \(token + 1)"),
      "\(oneToken)")

    let byte = try replay { $0.chunks[0].sha256 = Digest(sha256: [1]) }
    #expect(byte.contains("chunks[0]") && byte.contains("sha256"), "\(byte)")
    let model = try replay { $0.model = Digest(sha256: [2]) }
    #expect(model.contains("model: found") && model.contains(record.model.hex), "\(model)")
    let engine = try replay { $0.engineVersion += 1 }
    #expect(engine.contains("engine version"), "\(engine)")
  }
}
