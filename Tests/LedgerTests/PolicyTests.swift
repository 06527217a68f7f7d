import Corpus
import Crypto
import LedgerWire
import TestSupport
import Testing
import TransparencyLog

@testable import Ledger

@Suite struct PolicyTests {
  private func terms(_ admission: AdmissionRule = .work, bits: Int = 3) throws -> PolicyTerms {
    PolicyTerms(
      admission: admission, work: try WorkParameters(memory: 16, bits: bits),
      quotas: AgentQuotas(leavesPerHour: 100, bytesPerDay: 5_000_000, claimsPerDay: 20))
  }

  @Test func `the log signs what it asks for, line by line`() async throws {
    let ledger = try TestLedger(terms: terms())
    let note = try SignedNote(encoded: Array(await ledger.service.policy().utf8))
    #expect(
      note.text == """
        tributary-policy/v1
        origin test.example/log
        version 1
        admission work
        work scrypt N=16384 r=8 p=1 bits=3
        leaves-per-hour 100
        bytes-per-day 5000000
        claims-per-day 20
        contest-seconds 1209600

        """)
    let policy = try LedgerPolicy.verify(note, by: ledger.store.verifier)
    #expect(policy.terms == (try terms()))
    #expect(policy.version == 1)
    #expect(policy.digest == Corpus.Digest(sha256: Array(note.text.utf8)))
  }

  @Test func `a policy is no checkpoint, and a checkpoint no policy`() async throws {
    let ledger = try TestLedger(terms: terms())
    try await ledger.service.start()
    let verifier = ledger.store.verifier
    let policy = try SignedNote(encoded: Array(await ledger.service.policy().utf8))
    guard case .invalid = Checkpoint.verify(policy, by: verifier) else {
      Issue.record("the policy passes for a checkpoint")
      return
    }
    let checkpoint = try SignedNote(encoded: Array(await ledger.store.checkpoint().utf8))
    #expect(throws: NoteError.self) { try LedgerPolicy.verify(checkpoint, by: verifier) }
  }

  @Test func `the policy of another log or with a changed byte is refused`() async throws {
    let ledger = try TestLedger(terms: terms())
    let text = try await ledger.service.policy()
    let other = try NoteSigner(name: "other.example/log", key: .init())
    let note = try SignedNote(encoded: Array(text.utf8))
    #expect(throws: NoteError.self) { try LedgerPolicy.verify(note, by: other.verifier) }
    // The right key under a text that names another log.
    let foreign = LedgerPolicy(origin: "other.example/log", version: 1, terms: try terms())
    let signed = try foreign.sign(by: ledger.store.signer)
    #expect(throws: NoteError.self) {
      try LedgerPolicy.verify(signed, by: ledger.store.verifier)
    }
    for index in text.utf8.indices {
      var bytes = Array(text.utf8)
      bytes[text.utf8.distance(from: text.utf8.startIndex, to: index)] ^= 1
      #expect(throws: NoteError.self, "\(bytes)") {
        try LedgerPolicy.verify(SignedNote(encoded: bytes), by: ledger.store.verifier)
      }
    }
  }

  @Test func `new terms are the next version, and the same terms the same bytes`() async throws {
    let folder = try TemporaryFolder()
    var notes: [String] = []
    for bits in [3, 3, 5, 3] {
      let ledger = try TestLedger(folder: folder, terms: terms(bits: bits))
      notes.append(try await ledger.service.policy())
      try ledger.store.close()
    }
    #expect(notes[0] == notes[1])
    let versions = try notes.map {
      try LedgerPolicy(text: SignedNote(encoded: Array($0.utf8)).text).version
    }
    #expect(versions == [1, 1, 2, 3])
  }

  @Test func `terms of a later program are skipped, and the digest is that of the whole text`()
    throws
  {
    let text = LedgerPolicy(origin: "a", version: 1, terms: try terms()).text + "tea at-five\n"
    let policy = try LedgerPolicy(text: text)
    #expect(policy.text == text)
    #expect(policy.digest == Corpus.Digest(sha256: Array(text.utf8)))
  }

  @Test(arguments: [
    ("tributary-policy/v1", "tributary-policy/v2"), ("origin a\n", ""), ("origin a", "origin "),
    ("version 1", "version 0"), ("version 1", "version 01"), ("version 1", "version -1"),
    ("admission work", "admission Work"), ("admission work", "admission"),
    ("N=16384", "N=16385"), ("N=16384", "N=1024000"), ("N=16384", "N=3072"), ("N=16384", "N=0"),
    ("N=16384", "N=8589934592"), ("N=16384", "N=-1024"), ("r=8", "r=16"), ("p=1", "p=2"),
    ("bits=3", "bits=41"), ("bits=3", "bits=-1"), ("bits=3", "bits=03"), ("bits=3", "bits=3 "),
    ("scrypt", "argon2"), ("leaves-per-hour 100", "leaves-per-hour many"),
    ("bytes-per-day 5000000\n", ""), ("version 1\n", "version 1\nversion 1\n"),
    ("version 1\n", "version 1\n\n"),
  ]) func `text that is no policy is refused`(old: String, new: String) throws {
    let text = LedgerPolicy(origin: "a", version: 1, terms: try terms()).text
    #expect(text.contains(old))
    #expect(throws: NoteError.self) { try LedgerPolicy(text: text.replacing(old, with: new)) }
  }
}
