import Corpus
import Foundation
import GRDB
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import Ledger

@Suite struct FsckTests {
  /// A log with credits, an equivocation, a shard, a full tile and partial ones of several widths.
  private final class Sample {
    let folder: TemporaryFolder

    init(_ count: Int = 262) async throws {
      let ledger = try TestLedger()
      folder = ledger.folder
      var agent = try TestAgent()
      try await ledger.registered(agent)
      let ada = try ContributorIdentity(name: "Ada")
      let part = try agent.trace([(ada.publicKey, 250_000)])
      for _ in 0..<2 { _ = try await ledger.service.submit(agent.next([part, agent.trace()])) }
      agent.sequence = 0
      agent.previous = BatchHeader.noPrevious
      let conflict = try agent.batch([agent.trace()]).body
      _ = try await refusal { _ = try await ledger.service.submit(conflict) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<count - 4 {
          group.addTask {
            let agent = try TestAgent()
            try await ledger.registered(agent)
            _ = try await ledger.service.submit(agent.batch([agent.trace()]).voidBody)
          }
        }
        try await group.waitForAll()
      }
      let agentOfLast = try TestAgent()
      try await ledger.registered(agentOfLast)
      _ = try await ledger.service.submit(agentOfLast.batch([agentOfLast.trace()]).voidBody)
      _ = try await ledger.service.registerShard(
        ShardClaim.sign(
          origin: TestAgent.origin, root: Digest(sha256: [1]), name: "Rivers", identity: ada
        ).encode())
      try ledger.store.close()
    }

    func check() throws -> (differences: [Difference], summary: Fsck.Summary) {
      var differences: [Difference] = []
      let fsck = try Fsck(
        folder: folder.path, verifier: try LedgerKey.load(in: folder.path).verifier,
        report: { differences.append($0) })
      let summary = try fsck.run()
      return (differences, summary)
    }

    func execute(_ sql: String) throws {
      let queue = try DatabaseQueue(path: folder.path + "/" + LedgerSchema.file)
      try queue.write { try $0.execute(sql: sql) }
      try queue.close()
    }
  }

  @Test func `an untouched log has no differences`() async throws {
    let (differences, summary) = try await Sample().check()
    #expect(differences == [])
    #expect(summary.published == 262)
    #expect(summary.leaves == 262)
    #expect(summary.payloads == 2)
    #expect(summary.credits == 1)
    #expect(summary.differences == 0)
  }

  @Test func `a changed byte in any file is found and the file is named`() async throws {
    let sample = try await Sample()
    for file in try sample.folder.files(in: "public") {
      let path = sample.folder.path + "/public/" + file
      let original = try Data(contentsOf: URL(filePath: path))
      for index in Set([0, original.count - 1]) {
        var changed = original
        changed[changed.startIndex + index] ^= 1
        try changed.write(to: URL(filePath: path))
        let differences = try sample.check().differences
        #expect(differences.count == 1, "\(file) byte \(index): \(differences)")
        #expect(differences.allSatisfy { $0.file.hasSuffix(file) }, "\(file) byte \(index)")
      }
      for changed in [original + [0], nil] {
        try changed?.write(to: URL(filePath: path))
        if changed == nil { try FileManager.default.removeItem(atPath: path) }
        let differences = try sample.check().differences
        #expect(differences.count == 1, "\(file), longer or missing: \(differences)")
        #expect(differences.allSatisfy { $0.file.hasSuffix(file) }, "\(file)")
      }
      try original.write(to: URL(filePath: path))
    }
    #expect(try sample.check().differences == [])
  }

  @Test(arguments: [
    ("UPDATE credits SET share_ppm = share_ppm + 1", "credits["),
    ("UPDATE credits SET answers = 7", "credits["),
    ("UPDATE credits SET period = '2001-01'", "credits["),
    ("DELETE FROM credits", "credits["),
    ("DELETE FROM credited WHERE entry = 1", "credited["),
    ("UPDATE credited SET entry = 1", "credited["),
    ("INSERT INTO credited (trace, entry) VALUES (1, 0)", "credited"),
    ("UPDATE entries SET sequence = 9 WHERE position = 1", "entries[1].sequence"),
    ("UPDATE entries SET agent = x'00' WHERE position = 5", "entries[5].agent"),
    ("UPDATE entries SET hash = zeroblob(32) WHERE position = 5", "entries[5].hash"),
    ("UPDATE entries SET header = x'0102' WHERE position = 5", "entries[5].header"),
    ("UPDATE entries SET header = 'text' WHERE position = 5", "entries[5].header"),
    ("UPDATE entries SET payload = x'0102' WHERE position = 1", "entries[1].payload"),
    ("UPDATE entries SET logged = 0 WHERE position = 0", "credits["),
    ("DELETE FROM entries WHERE position = 100", "entries"),
    ("DELETE FROM entries WHERE position = 261", "entries"),
    ("UPDATE hashes SET hash = zeroblob(32) WHERE position = 77", "hashes[77]"),
    ("DELETE FROM hashes WHERE position = 77", "hashes[77]"),
    ("INSERT INTO hashes (position, hash) VALUES (9999, zeroblob(32))", "hashes"),
    ("UPDATE checkpoints SET note = replace(note, '1', '2') WHERE size = 1", "checkpoints[1]"),
    ("UPDATE checkpoints SET note = 'x' WHERE size = 2", "checkpoints[2]"),
    ("DELETE FROM checkpoints WHERE size = 262", "size"),
    ("UPDATE agents SET name = 'Mallory'", "agents["),
    ("DELETE FROM agents", "entries[0].agent"),
    ("UPDATE shards SET contributor_name = 'Mallory'", "shards["),
    ("UPDATE shards SET record = x'00'", "shards["),
    ("UPDATE equivocations SET sequence = 1", "equivocations["),
    ("UPDATE equivocations SET header = x'00'", "equivocations["),
  ]) func `a changed row is found and named`(sql: String, field: String) async throws {
    let sample = try await Sample(6)
    // The numbers above are those of a longer log.
    try sample.execute(
      sql.replacing("261", with: "5").replacing("262", with: "6")
        .replacing("100", with: "4").replacing("77", with: "7"))
    let differences = try sample.check().differences
    #expect(
      differences.contains { $0.field.hasPrefix(field.replacing("77", with: "7")) },
      "\(sql): \(differences)")
  }

  @Test func `what is committed and not published is no difference`() async throws {
    let ledger = try TestLedger()
    var agent = try TestAgent()
    try await ledger.registered(agent)
    _ = try await ledger.service.submit(agent.next([agent.trace()]))
    let batch = try agent.batch([agent.trace()])
    let admission = Admission(origin: TestAgent.origin)
    let admitted = try admission.admitHeader(of: BatchSubmission.decode(batch.voidBody))
    _ = try await ledger.store.integrate([.batch(admitted)], now: 1)
    var differences: [Difference] = []
    // The ledger is running meanwhile.
    let summary = try Fsck(
      folder: ledger.folder.path, verifier: ledger.store.verifier,
      report: { differences.append($0) }
    ).run()
    #expect(differences == [])
    #expect(summary.published == 1)
    #expect(summary.leaves == 2)
  }

  @Test func `the command says what differs and ends with 65`() async throws {
    let sample = try await Sample(6)
    let clean = try await LedgerProcess.run(["fsck", "--data", sample.folder.path])
    #expect(clean.status == 0)
    #expect(clean.output.hasPrefix("6 leaves (6 published)"))
    #expect(clean.output.hasSuffix(": 0 differences\n"))
    let tile = sample.folder.path + "/public/tile/0/000.p/6"
    try Data(repeating: 0, count: 192).write(to: URL(filePath: tile))
    let damaged = try await LedgerProcess.run(["fsck", "--data", sample.folder.path])
    #expect(damaged.status == 65)
    #expect(damaged.output.contains("public/tile/0/000.p/6: hash 0: found 0000"))
    try Data("no database".utf8).write(
      to: URL(filePath: sample.folder.path + "/" + LedgerSchema.file))
    #expect(try await LedgerProcess.run(["fsck", "--data", sample.folder.path]).status == 65)
  }
}
