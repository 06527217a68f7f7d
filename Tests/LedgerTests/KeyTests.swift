import Corpus
import Foundation
import TestSupport
import Testing

@testable import Ledger

@Suite struct KeyTests {
  @Test func `the signing key is kept for its owner alone and stays the same`() throws {
    let folder = try TemporaryFolder()
    let signer = try LedgerKey.loadOrCreate(in: folder.path, origin: "test.example/log")
    let path = LedgerKey.path(in: folder.path)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    let again = try LedgerKey.loadOrCreate(in: folder.path, origin: "test.example/log")
    #expect(again.verifier == signer.verifier)
  }

  @Test func `a key that others can read is refused with the command that helps`() throws {
    let folder = try TemporaryFolder()
    _ = try LedgerKey.loadOrCreate(in: folder.path, origin: "test.example/log")
    let path = LedgerKey.path(in: folder.path)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    let error = #expect(throws: CorpusError.self) { try LedgerKey.load(in: folder.path) }
    #expect(error?.description.contains("chmod 600") == true)
  }

  @Test func `a log keeps its origin`() throws {
    let folder = try TemporaryFolder()
    _ = try LedgerKey.loadOrCreate(in: folder.path, origin: "test.example/log")
    #expect(throws: CorpusError.self) {
      try LedgerKey.loadOrCreate(in: folder.path, origin: "test.example/other")
    }
  }

  @Test func `a damaged key file is refused`() throws {
    let folder = try TemporaryFolder()
    try DurableFile.write(
      Array("PRIVATE+KEY+x".utf8), to: LedgerKey.path(in: folder.path), permissions: 0o600)
    #expect(throws: CorpusError.self) { try LedgerKey.load(in: folder.path) }
  }

  @Test func `every commit is synced to the disk`() async throws {
    let ledger = try TestLedger()
    let level = try await ledger.store.database.write { try $0.integer("PRAGMA synchronous") }
    #expect(level == 2)
  }

  @Test func `a second ledger on one folder is refused`() throws {
    let ledger = try TestLedger()
    #expect(throws: LedgerError.self) { try TestLedger(folder: ledger.folder) }
  }
}
