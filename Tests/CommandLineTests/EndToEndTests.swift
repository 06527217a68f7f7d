import Agent
import Foundation
import TestSupport
import Testing

/// The whole job with the real binaries, the embedded models and a real ledger.
@Suite(.serialized) struct EndToEndTests {
  @Test func answersNameWhoCausedThemAndReachTheLedger() async throws {
    let world = try World()
    defer { world.close() }
    let answer = try world.ask("When was the fog horn installed?")
    #expect(answer.answer.contains("1908"))
    let main = try #require(answer.contributors.max { $0.sharePPM < $1.sharePPM })
    #expect(main.name == "Marit Tolland, lighthouse keeper")
    #expect(main.sharePPM > 500_000)
    let sum = answer.contributors.reduce(answer.ownKnowledgePPM) { $0 + $1.sharePPM }
    #expect(sum == 1_000_000)
    #expect(answer.documents.contains { $0.document == "fog-horn.md" && $0.sharePPM > 500_000 })
    #expect(answer.mode == "independent")

    let why = try world.reader.tributary("why")
    #expect(why.status == 0)
    #expect(why.output.contains("nobody (the model alone)"))
    #expect(try world.reader.tributary("trace", "verify", "--all").status == 0)

    let sync = try world.reader.tributary("sync")
    #expect(sync.status == 0, "\(sync.errors)")
    #expect(try world.reader.tributary("trace", "list").output.contains("receipted"))
    let statement = try world.reader.tributary("statement")
    #expect(statement.output.contains("Marit Tolland"))
    #expect(try world.reader.tributary("sync").output.contains("Nothing waits"))
    try checkProof(of: answer, in: world)
    try checkAnotherKey(in: world)
  }

  /// A given key has to be the pinned one.
  private func checkAnotherKey(in world: World) throws {
    let other = try world.reader.run(
      "tributary-ledger",
      ["key", "--data", world.reader.file("other").path, "--origin", "other.example/log"])
    let key = other.output.trimmingCharacters(in: .newlines)
    #expect(try world.reader.tributary("config", "set", "ledgerKey", key).status == 0)
    let refused = try world.reader.tributary("statement")
    #expect(refused.status == 77, "\(refused.errors)")
    #expect(refused.errors.contains("is not the pinned one"), "\(refused.errors)")
  }

  /// A stranger checks one trace's shares offline, with the log's key alone.
  private func checkProof(of answer: AnswerReport, in world: World) throws {
    let file = world.reader.file("trace.proof")
    #expect(try world.reader.tributary("trace", "prove", answer.trace, file.path).status == 0)
    let own = try world.reader.tributary("trace", "check-proof", file.path)
    #expect(own.status == 0 && own.output.hasSuffix("valid\n"), "\(own.errors)")
    let folder = world.reader.file("ledger").path
    let key = try world.reader.run("tributary-ledger", ["key", "--data", folder]).output
      .trimmingCharacters(in: .newlines)
    let stranger = try Tool()
    let check = try stranger.tributary("trace", "check-proof", file.path, "--log", key)
    #expect(check.status == 0 && check.output == own.output)
    #expect(try stranger.tributary("trace", "check-proof", file.path).status == 66)
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: file)
    let damaged = try stranger.tributary("trace", "check-proof", file.path, "--log", key)
    #expect(damaged.status == 77)
    #expect(damaged.output.contains("trace.proof: "))
  }

  @Test func sharesSumToOneForEveryQuestionAndRunsAgree() throws {
    let world = try World()
    defer { world.close() }
    for question in ["How long is the north pier of the harbour?", "What is brannock baked from?"] {
      let (first, second) = (try world.ask(question), try world.ask(question))
      #expect(first.coalitions == second.coalitions)
      #expect(first.contributors == second.contributors)
      #expect(first.trace != second.trace)
    }
  }

  @Test func passagesOnceReadAreTakenFromTheDiskUnlessDamaged() throws {
    let world = try World()
    defer { world.close() }
    let question = "How long is the north pier of the harbour?"
    let first = try world.ask(question)
    let folder = world.reader.file("home/cache/passages")
    let entries = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".kv") }.map { folder.appendingPathComponent($0) }
    try #require(!entries.isEmpty)
    for entry in entries {
      var bytes = try Data(contentsOf: entry)
      bytes[bytes.count - 1] ^= 1
      try bytes.write(to: entry)
    }
    let second = try world.reader.tributary("ask", "--json", question)
    #expect(second.status == 0)
    #expect(second.errors.contains("passages"), "nothing was read from the disk")
    let report = try JSONDecoder().decode(AnswerReport.self, from: Data(second.output.utf8))
    #expect(report.coalitions == first.coalitions)
    let third = try world.reader.tributary("ask", "--json", question)
    #expect(third.errors.isEmpty, "\(third.errors)")
  }

  @Test func spansShowWhereTheWordsStand() throws {
    let world = try World()
    defer { world.close() }
    let answer = try world.ask("When was the fog horn installed?")
    let spans = try world.reader.tributary("why", "--spans")
    #expect(spans.status == 0, "\(spans.errors)")
    #expect(spans.output.contains("fog-horn.md:"))
    let json = try world.reader.tributary("why", "--spans", "--json")
    let found = try JSONDecoder().decode([SpanReport].self, from: Data(json.output.utf8))
    // The reader quotes: the whole answer stands in the document.
    let words = answer.answer.split(whereSeparator: \.isWhitespace).count
    let whole = try #require(found.first { $0.words >= words })
    #expect(whole.places.contains { $0.document == "fog-horn.md" && $0.line > 0 })

    // One shard whose head is damaged, and one with a damaged text that is not indexed yet.
    let roots = try world.reader.tributary("shard", "list").output.split(separator: "\n")
      .filter { !$0.contains("keeper") }.map { String($0.prefix { $0 != " " }) }
    try #require(roots.count == 2)
    try world.reader.damageShard(roots[0], at: 0)
    try world.reader.damageShard(roots[1], at: -3)
    try FileManager.default.removeItem(at: world.reader.file("home/cache/spans"))
    let rest = try world.reader.tributary("why", "--spans")
    #expect(rest.status == 65)
    #expect(rest.output.contains("fog-horn.md:"))
    for root in roots { #expect(rest.errors.contains("shard \(root) is damaged and left out")) }
  }

  @Test func sentencesShowWhatTakingThemOutCosts() throws {
    let world = try World()
    defer { world.close() }
    let answer = try world.ask("When was the fog horn installed?")
    let run = try world.reader.tributary("why", "--sentences", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let found = try JSONDecoder().decode(SentenceReport.self, from: Data(run.output.utf8))
    #expect(found.trace == answer.trace)
    let first = try #require(found.sentences.first)
    #expect(first.quoted && first.document == "fog-horn.md" && answer.answer.contains(first.text))
    #expect(first.influenceMicroNats > 1_000_000)
    let path = "Examples/shards/keeper/documents/fog-horn.md"
    let document = try String(
      contentsOf: PackageFolder.root.appendingPathComponent(path), encoding: .utf8)
    let line = document.split(separator: "\n", omittingEmptySubsequences: false)[first.line - 1]
    #expect(line.contains(first.text.split(separator: " ")[0]))
    let text = try world.reader.tributary("why", "--sentences")
    #expect(text.status == 0 && text.output.contains("fog-horn.md:\(first.line)"))
    #expect(try world.reader.tributary("why", "--sentences", "--spans").status == 64)
  }

  @Test func theWordsThatAnswerStandBehindTheFirstCitation() throws {
    let world = try World()
    defer { world.close() }
    let question = "When was the fog horn installed?"
    #expect(try world.ask(question).shortAnswer == "1908")
    let text = try world.reader.tributary("ask", question)
    let citations = text.output.split(separator: "\n").filter { $0.hasPrefix("[") }
    #expect(citations.count { $0.hasSuffix("  “1908”") } == 1, "\(text.output)")
    // A trace does not hold them.
    #expect(try !world.reader.tributary("why", "--json").output.contains("shortAnswer"))
  }

  @Test func anUnanswerableQuestionCreditsNobody() throws {
    let world = try World()
    defer { world.close() }
    let answer = try world.ask("What is the capital of Mongolia?")
    #expect(answer.shortAnswer == nil)
    #expect(answer.ownKnowledgePPM == 1_000_000)
    #expect(answer.contributors.allSatisfy { $0.sharePPM == 0 })
  }

  @Test func nothingPrivateLeaves() throws {
    let world = try World()
    defer { world.close() }
    _ = try world.reader.write(
      "The zephyrquartz canary sleeps in drawer seventeen.\n", to: "own/secret.md")
    let reader = world.reader
    #expect(try reader.tributary("key", "init", "--name", "Reader").status == 0)
    #expect(try reader.tributary("add", reader.file("own").path).status == 0)
    let answer = try world.ask("Where does the zephyrquartz canary sleep?")
    #expect(answer.answer.contains("drawer seventeen"))
    let dryRun = try reader.tributary("sync", "--dry-run")
    #expect(dryRun.status == 0)
    let bytes = dryRun.output.split(separator: "\n")
      .compactMap { $0.split(separator: " ").last }.joined()
    for secret in ["zephyrquartz", "canary", "drawer", "secret.md", "Reader"] {
      let hexadecimal = secret.utf8.map { String(format: "%02x", $0) }.joined()
      #expect(!bytes.contains(hexadecimal), "'\(secret)' would leave")
      #expect(!dryRun.output.contains(secret), "'\(secret)' would leave")
    }
  }

  @Test func chatWorksInAPipe() throws {
    let world = try World()
    defer { world.close() }
    let lines = """
      When was the fog horn installed?
      /why
      /sources
      /contributors
      /trace
      /stats
      /model
      /nonsense
      /help
      /quit
      never read
      """
    let result = try world.reader.tributary("chat", input: lines)
    #expect(result.status == 0)
    #expect(result.output.contains("1908"))
    #expect(result.output.contains("nobody (the model alone)"))
    #expect(result.output.contains("no such command"))
    #expect(result.output.contains("1 pending"))
    #expect(["amx", "avx", "portable"].contains { result.output.contains($0) })
  }

  @Test func thePageShowsEveryAnswerAndLoadsNothing() throws {
    let world = try World()
    defer { world.close() }
    _ = try world.ask("When was the fog horn installed?")
    let page = world.reader.file("page.html")
    #expect(try world.reader.tributary("page", page.path).status == 0)
    let html = try String(contentsOf: page, encoding: .utf8)
    #expect(html.contains("When was the fog horn installed?"))
    #expect(html.contains("Marit Tolland"))
    #expect(!html.contains("http"))
    #expect(!html.contains("<script"))
    #expect(!html.contains("One sentence taken out"))
  }

  @Test func thePageMarksEachSentenceByWhatItDid() throws {
    let world = try World()
    defer { world.close() }
    let answer = try world.ask("When was the fog horn installed?")
    let why = try world.reader.tributary("why", "--sentences", "--json")
    let found = try JSONDecoder().decode(SentenceReport.self, from: Data(why.output.utf8))
    let page = world.reader.file("page.html")
    #expect(try world.reader.tributary("page", "--sentences", page.path).status == 0)
    let html = try String(contentsOf: page, encoding: .utf8)
    // The strongest sentence stands in its passage, as strong in colour as any.
    let first = try #require(found.sentences.first)
    let contributor = answer.passages[first.passage].contributor
    let lost = "-\(Figures.nats(first.influenceMicroNats)) nats"
    #expect(
      html.contains(
        "<span class=\"s tp\(contributor)\" style=\"--strength:60.0%\" title=\"without this "
          + "sentence the answer’s log-probability changes by \(lost)\">\(first.text)</span>"),
      "\(html)")
    #expect(html.contains("<td class=\"n\">\(lost)</td>"))
    #expect(html.contains("(quoted)") && !html.contains("is not known"))

    // What cannot be computed again is said, and the answer is shown all the same.
    let roots = Set(answer.passages.map(\.shard))
    for root in roots {
      #expect(try world.reader.tributary("shard", "remove", root).status == 0)
    }
    let run = try world.reader.tributary("page", "--sentences", page.path)
    #expect(run.status == 0 && run.errors.contains("not known of 1 answer"), "\(run.errors)")
    let rest = try String(contentsOf: page, encoding: .utf8)
    #expect(rest.contains("What each sentence did is not known: trace "))
    #expect(rest.contains(answer.answer))
  }

  @Test func aFlippedBitInAStoredTraceIsNamed() throws {
    let world = try World()
    defer { world.close() }
    let answer = try world.ask("When was the fog horn installed?")
    let file = world.reader.file("trace.bin")
    let export = try world.reader.tributary("trace", "export", answer.trace, file.path)
    #expect(export.status == 0)
    #expect(try world.reader.tributary("trace", "verify", file.path).status == 0)
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count / 2] ^= 4
    try bytes.write(to: file)
    let verdict = try world.reader.tributary("trace", "verify", file.path)
    #expect(verdict.status == 77)
    #expect(verdict.output.contains("damaged"))
  }

  @Test func anInterruptedAnswerLeavesNothing() throws {
    let world = try World()
    defer { world.close() }
    let process = world.reader.process("tributary", ["ask", "When was the fog horn installed?"])
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // The first question in a new home indexes the shards and says so: ^C is caught from there on.
    try #require(!errors.fileHandleForReading.availableData.isEmpty)
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 130)
    #expect(try world.reader.tributary("trace", "list").output.contains("no traces yet"))
  }
}
