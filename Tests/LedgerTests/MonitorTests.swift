import Corpus
import Foundation
import LedgerTestSupport
import Synchronization
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import Ledger

@Suite struct MonitorTests {
  /// A stranger with a state file and the log's key.
  private struct Watcher {
    let folder: TemporaryFolder
    let verifier: NoteVerifier

    var stateFile: String { folder.path + "/state" }

    init(_ ledger: TestLedger) throws {
      folder = try TemporaryFolder()
      verifier = ledger.store.verifier
    }

    func look(_ url: String) async throws -> (Monitor.Progress, [Monitor.Event]) {
      let state = try MonitorState(path: stateFile, verifier: verifier)
      defer { try? state.close() }
      let events = Mutex<[Monitor.Event]>([])
      let progress = try await TileSource.connect(to: url) { source in
        try await Monitor(source: source, state: state, verifier: verifier)
          .check { event in events.withLock { $0.append(event) } }
      }
      return (progress, events.withLock { $0 })
    }

    func failure(_ url: String) async throws -> MonitorFailure? {
      do {
        _ = try await look(url)
        return nil
      } catch let failure as MonitorFailure {
        return failure
      }
    }
  }

  private func grow(_ ledger: TestLedger, by count: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<count {
        group.addTask {
          let agent = try TestAgent()
          try await ledger.registered(agent)
          _ = try await ledger.service.submit(agent.batch([agent.trace()]).voidBody)
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func `a growing log is followed from where it was left`() async throws {
    try await serving { url, ledger in
      let watcher = try Watcher(ledger)
      #expect(try await watcher.look(url).0 == .init(from: 0, to: 0, problems: 0))
      var size = 0
      for count in [1, 5, 249, 1, 1, 30, 0] {
        try await grow(ledger, by: count)
        let (progress, events) = try await watcher.look(url + "/")
        #expect(progress == .init(from: size, to: size + count, problems: 0))
        #expect(
          events.compactMap { event in
            if case .entry(let position, _, 0, 1) = event { position } else { nil }
          } == Array(size..<size + count))
        size += count
      }
    }
  }

  @Test func `a damaged file is found, named, and nothing is accepted`() async throws {
    try await serving { url, ledger in
      let watcher = try Watcher(ledger)
      try await grow(ledger, by: 257)
      _ = try await watcher.look(url)
      try await grow(ledger, by: 4)
      let files = [
        "checkpoint", "tile/0/001.p/5", "tile/entries/001.p/5", "tile/1/000.p/1",
      ]
      for file in files {
        let path = ledger.folder.path + "/public/" + file
        let original = [UInt8](try Data(contentsOf: URL(filePath: path)))
        var (first, last) = (original, original)
        first[0] ^= 1
        last[last.count - 3] ^= 1
        var versions: [[UInt8]] = [first, last, original.dropLast()]
        // This server does not hand out a tile that is too long; a bundle's length it cannot know.
        if file.contains("entries") { versions.append(original + [0]) }
        for changed in versions {
          try Data(changed).write(to: URL(filePath: path))
          let failure = try await watcher.failure(url)
          guard case .damaged(let reason) = failure else {
            Issue.record("\(file): \(String(describing: failure))")
            continue
          }
          #expect(reason.contains(file == "checkpoint" ? file : "/tile"), "\(reason)")
        }
        try Data(original).write(to: URL(filePath: path))
      }
      try FileManager.default.removeItem(
        atPath: ledger.folder.path + "/public/tile/entries/001.p/5")
      guard case .damaged(let reason) = try await watcher.failure(url) else {
        Issue.record("a missing bundle was not found")
        return
      }
      #expect(reason.contains("tile/entries/001.p/5: file: found none"))
      try await grow(ledger, by: 1)
      #expect(try await watcher.look(url).0 == .init(from: 257, to: 262, problems: 0))
    }
  }

  @Test(arguments: [1, 3, 5]) func `two histories under one key are evidence`(
    count: Int
  ) async throws {
    let (first, second) = (try TemporaryFolder(), try TemporaryFolder())
    let seen = try TestLedger(folder: first)
    let watcher = try Watcher(seen)
    try await grow(seen, by: 3)
    try await serving(seen) { url, _ in _ = try await watcher.look(url) }
    try DurableFile.write(
      DurableFile.read(LedgerKey.path(in: first.path), maximumBytes: 4096),
      to: LedgerKey.path(in: second.path))
    let shown = try TestLedger(folder: second)
    try await grow(shown, by: count)
    try await serving(shown) { url, _ in
      for _ in 0..<2 {
        guard case .fork(let evidence) = try await watcher.failure(url) else {
          Issue.record("the other history was accepted")
          return
        }
        let notes = try [evidence.seen, evidence.shown].map { text in
          try Checkpoint.verify(SignedNote(encoded: Array(text.utf8)), by: watcher.verifier)
        }
        guard case .valid(let old) = notes[0], case .valid(let new) = notes[1] else {
          Issue.record("the evidence is not signed")
          return
        }
        #expect(old.size == 3)
        #expect(new.size == count)
      }
    }
  }

  /// A log whose operator publishes whatever entries they like.
  private func publish(_ entries: [[UInt8]], by ledger: TestLedger) throws {
    var assembler = TileAssembler()
    for entry in entries { _ = assembler.append(.leaf(entry)) }
    var files = assembler.partials.map {
      PublicFolder.File(path: $0.path, content: $0.content)
    }
    let bundle = try #require(TilePath(.entries, index: 0, width: entries.count))
    files.append(.init(path: bundle, content: EntryBundle.encode(entries)))
    try ledger.store.publicFolder.write(files)
    let checkpoint = Checkpoint(
      origin: TestAgent.origin, size: UInt64(entries.count), root: assembler.frontier.root)
    try ledger.store.publicFolder.write(
      checkpoint: checkpoint.sign(by: ledger.store.signer).encoded)
  }

  @Test func `entries that the log should have refused are reported`() async throws {
    try await serving { url, ledger in
      let watcher = try Watcher(ledger)
      var agent = try TestAgent()
      let first = try agent.batch([agent.trace()])
      let second = try agent.batch([agent.trace()])
      agent.advance(past: first)
      let next = try agent.batch([agent.trace()])
      agent.advance(past: next)
      agent.sequence = 7
      let gap = try agent.batch([agent.trace()])
      let stranger = try TestAgent()
      let elsewhere = try stranger.batch([stranger.trace()], origin: "other.example/log")
      try publish([first.signedHeader, next.signedHeader], by: ledger)
      #expect(try await watcher.look(url).0.problems == 0)
      try publish(
        [
          first.signedHeader, next.signedHeader, second.signedHeader, gap.signedHeader,
          elsewhere.signedHeader, [1, 2, 3],
        ], by: ledger)
      let (progress, events) = try await watcher.look(url)
      #expect(progress == .init(from: 2, to: 6, problems: 4))
      let problems = events.compactMap { event -> String? in
        if case .problem(let position, let reason) = event { "\(position) \(reason)" } else { nil }
      }
      #expect(problems.count == 4)
      #expect(
        problems[0].contains("sequence 0 a second time, expected 2 after the batch of entry 1"))
      #expect(problems[1].contains("sequence 7, expected"))
      #expect(problems[2].contains("other.example/log"))
      #expect(problems[3].hasPrefix("5 batch"))
    }
  }

  @Test func `the command's exit codes tell what happened`() async throws {
    try await serving { url, ledger in
      let watcher = try Watcher(ledger)
      try await grow(ledger, by: 2)
      let arguments = ["--key", watcher.verifier.vkey, "--state", watcher.stateFile, "--once"]
      let good = try await LedgerProcess.run(["monitor", url] + arguments)
      #expect(good.status == 0)
      #expect(good.output.contains("entry 1: agent "))
      #expect(good.output.hasSuffix("verified: 2 entries, 2 of them new\n"))
      let other = try TestLedger()
      try await other.service.start()
      try publish([[1]], by: other)
      let bad = try await LedgerProcess.run(
        ["monitor", url, "--key", other.store.verifier.vkey] + arguments.dropFirst(2))
      #expect(bad.status == 65)
      #expect(bad.errors.contains("one state file for each log"))
      try publish([[1], [2]], by: ledger)
      let fork = try await LedgerProcess.run(["monitor", url] + arguments)
      #expect(fork.status == 65)
      #expect(fork.output.contains("two roots of 2 entries"))
      #expect(fork.output.components(separatedBy: TestAgent.origin + "\n2\n").count == 3)
      #expect(try await LedgerProcess.run(["monitor", "ftp://x"] + arguments).status == 69)
      #expect(
        try await LedgerProcess.run(["monitor", url, "--key", "x", "--state", "y"]).status == 64)
    }
    let folder = try TemporaryFolder()
    let key = try LedgerKey.loadOrCreate(in: folder.path, origin: "x").verifier.vkey
    let gone = try await LedgerProcess.run(
      [
        "monitor", "http://127.0.0.1:1", "--key", key, "--state", folder.path + "/s", "--once",
      ])
    #expect(gone.status == 69)
  }
}
