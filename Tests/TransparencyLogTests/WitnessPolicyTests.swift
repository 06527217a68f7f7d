import Crypto
import Testing

@testable import TransparencyLog

@Suite struct WitnessPolicyTests {
  static let now = 1_795_000_000

  private let log: NoteSigner
  private let witnesses: [CosignatureSigner]
  private let note: SignedNote

  init() throws {
    log = try NoteSigner(name: "log.example", key: .init())
    witnesses = try ["w1", "w2", "w3"].map { try CosignatureSigner(name: $0, key: .init()) }
    note = try Checkpoint(origin: "log.example", size: 7, root: .leaf([1])).sign(by: log)
  }

  private func cosigned(
    by indexes: [Int], time: Int = now
  ) throws -> SignedNote {
    note.adding(
      try indexes.map {
        try witnesses[$0].sign(checkpoint: note.text, time: UInt64(time))
      })
  }

  private func policy(_ quorum: Int) throws -> WitnessPolicy {
    try WitnessPolicy(witnesses: witnesses.map(\.verifier), quorum: quorum)
  }

  @Test func `k of n distinct witnesses are enough, and fewer are not`() throws {
    for quorum in 1...3 {
      for set in 0..<8 {
        let indexes = (0..<3).filter { set >> $0 & 1 == 1 }
        let verdict = try policy(quorum).check(cosigned(by: indexes), now: Self.now)
        if indexes.count >= quorum {
          #expect(verdict == .valid(indexes.map { "w\($0 + 1)" }))
        } else {
          guard case .invalid = verdict else {
            Issue.record("\(indexes) for \(quorum)")
            continue
          }
        }
      }
    }
  }

  @Test func `a refusal names who was found and who was not`() throws {
    #expect(
      try policy(2).check(cosigned(by: [1]), now: Self.now)
        == .invalid(
          reason: "found 1 of the 2 cosignatures that are demanded"
            + " (found: w2; not found: w1, w3)"))
  }

  @Test func `a witness that signs twice counts once`() throws {
    guard case .invalid = try policy(2).check(cosigned(by: [0, 0, 0]), now: Self.now) else {
      Issue.record("accepted")
      return
    }
  }

  @Test func `strangers do not count`() throws {
    let stranger = try CosignatureSigner(name: "w4", key: .init())
    let impostor = try CosignatureSigner(name: "w2", key: .init())
    let more = try [stranger, impostor].map {
      try $0.sign(checkpoint: note.text, time: UInt64(Self.now))
    }
    let crowded = try cosigned(by: [0]).adding(more)
    guard case .invalid = try policy(2).check(crowded, now: Self.now) else {
      Issue.record("accepted")
      return
    }
    #expect(try policy(1).check(crowded, now: Self.now) == .valid(["w1"]))
  }

  @Test func `a forged line in a witness's name spoils the note`() throws {
    let line = try witnesses[2].sign(checkpoint: note.text, time: UInt64(Self.now))
    var bytes = line.bytes
    bytes[20] ^= 1
    let forged = try cosigned(by: [0, 1]).adding([
      .init(name: line.name, keyID: line.keyID, bytes: bytes)
    ])
    #expect(
      try policy(2).check(forged, now: Self.now)
        == .invalid(reason: "the cosignature of w3 does not fit the checkpoint"))
  }

  @Test func `a cosignature from the far future is refused, one of a day ahead is not`() throws {
    let day = WitnessPolicy.maximumClockDifference
    #expect(
      try policy(1).check(cosigned(by: [0], time: Self.now + day), now: Self.now)
        == .valid(["w1"]))
    guard
      case .invalid(let reason) = try policy(1).check(
        cosigned(by: [0], time: Self.now + day + 1), now: Self.now)
    else {
      Issue.record("accepted")
      return
    }
    #expect(reason.contains("w1 dates its cosignature at 1795086401"))
    #expect(try policy(1).check(cosigned(by: [0], time: 0), now: Self.now) == .valid(["w1"]))
  }

  @Test func `one key under two names, or one name with two keys, is refused`() throws {
    let key = Curve25519.Signing.PrivateKey()
    let (a, b) = (
      try CosignatureSigner(name: "a", key: key).verifier,
      try CosignatureSigner(name: "b", key: key).verifier
    )
    let other = try CosignatureSigner(name: "a", key: .init()).verifier
    for doubles in [[a, a], [a, b], [a, other]] {
      #expect(throws: NoteError.self) { try WitnessPolicy(witnesses: doubles, quorum: 1) }
    }
    for quorum in [-1, 0, 4] { #expect(throws: NoteError.self) { try policy(quorum) } }
    #expect([1, 2, 3, 4, 5].map(WitnessPolicy.majority(of:)) == [1, 2, 2, 3, 3])
  }
}
