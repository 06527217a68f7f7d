import Crypto
import Foundation
import Testing

@testable import TransparencyLog

@Suite struct CosignatureTests {
  /// A checkpoint of the public staging log arche2025h1 of 2026-05-23, with the lines of its
  /// witnesses, and their keys as their operators publish them (witness-network.org,
  /// transparency.dev/witnesses).
  static let text =
    "arche2025h1.staging.ct.transparency.dev\n1432088532\n"
    + "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n"
  static let published = [
    (
      vkey:
        "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
      line:
        "— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
    ),
    (
      vkey:
        "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
      line:
        "— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==\n"
    ),
    (
      vkey: "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
      line:
        "— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n"
    ),
    (
      vkey: "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
      line:
        "— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==\n"
    ),
  ]
  /// The log's own lines: an RFC 6962 signature, whose type is unknown here, and one of Ed25519.
  static let logLines =
    "— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n"
    + "— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
  static let logKey =
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"

  static var note: String { text + "\n" + logLines + published.map(\.line).joined() }

  @Test func `a checkpoint of a public log is verified for each of its public witnesses`() throws {
    let note = try SignedNote(encoded: Array(Self.note.utf8))
    #expect(note.encoded == Self.note)
    let verdict = Checkpoint.verify(note, by: try NoteVerifier(vkey: Self.logKey))
    guard case .valid(let checkpoint) = verdict else {
      Issue.record("the log's signature")
      return
    }
    #expect(checkpoint.size == 1_432_088_532)
    for (vkey, _) in Self.published {
      let witness = try CosignatureVerifier(vkey: vkey)
      #expect(witness.vkey == vkey)
      guard case .valid(let cosignature) = witness.verify(note) else {
        Issue.record("\(vkey)")
        continue
      }
      #expect(cosignature.time == 1_779_573_024)
    }
  }

  @Test func `the example of the cosignature specification is read`() throws {
    let note = try SignedNote(
      encoded: Array(
        (CheckpointTests.text
          + "\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n")
          .utf8))
    let cosignature = try #require(Cosignature(bytes: note.signatures[0].bytes))
    #expect(note.signatures[0].keyID == 0x8d66_cf3f)
    #expect(cosignature.time == 1_679_315_147)
    #expect(
      Cosignature.message(text: note.text, time: cosignature.time)
        == Array(
          ("cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
            + "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n").utf8))
  }

  @Test func `a cosignature covers every byte of the checkpoint and its time`() throws {
    let witness = try CosignatureVerifier(vkey: Self.published[2].vkey)
    let good = Array((Self.text + "\n" + Self.published[2].line).utf8)
    for index in good.indices {
      var bad = good
      bad[index] ^= 1
      guard let note = try? SignedNote(encoded: bad) else { continue }
      if case .valid = witness.verify(note) { Issue.record("byte \(index)") }
    }
  }

  @Test func `a witness signs what it verifies, extension lines included`() throws {
    let signer = try CosignatureSigner(name: "witness.example/w1", key: .init())
    let log = try NoteSigner(name: "log.example", key: .init())
    let text = Checkpoint(origin: "log.example", size: 7, root: .leaf([1])).text + "extension\n"
    let line = try signer.sign(checkpoint: text, time: 1_795_000_000)
    let note = try SignedNote(text: text, signers: [log]).adding([line])
    let read = try SignedNote(encoded: Array(note.encoded.utf8))
    guard case .valid(let cosignature) = signer.verifier.verify(read) else {
      Issue.record("refused")
      return
    }
    #expect(cosignature.time == 1_795_000_000)
    let shorter = try SignedNote(
      text: text.replacing("extension\n", with: ""), signers: [log]
    ).adding([line])
    #expect(
      signer.verifier.verify(shorter)
        == .invalid(reason: "the cosignature of witness.example/w1 does not fit the checkpoint"))
    #expect(throws: NoteError.self) { try signer.sign(checkpoint: "no checkpoint\n", time: 1) }
    #expect(throws: NoteError.self) { try signer.sign(checkpoint: text, time: 1 << 63) }
  }

  @Test func `a signature of the text alone is no cosignature, whatever its key id`() throws {
    let key = Curve25519.Signing.PrivateKey()
    let log = try NoteSigner(name: "log.example", key: key)
    let witness = try CosignatureSigner(name: "log.example", key: key).verifier
    let note = try Checkpoint(origin: "log.example", size: 7, root: .leaf([1])).sign(by: log)
    #expect(witness.keyID != log.verifier.keyID)
    #expect(witness.verify(note) == .absent)
    // Under the witness's key id: too short, and with a time in front.
    for prefix in [[], [UInt8](repeating: 0, count: 8)] {
      let forged = note.adding([
        .init(
          name: "log.example", keyID: witness.keyID, bytes: prefix + note.signatures[0].bytes)
      ])
      guard case .invalid = witness.verify(forged) else {
        Issue.record("\(prefix.count) bytes in front")
        continue
      }
    }
  }

  @Test func `a time above 2 to the 63 is refused although it was signed`() throws {
    let key = Curve25519.Signing.PrivateKey()
    let witness = try CosignatureVerifier(
      name: "w", publicKey: Array(key.publicKey.rawRepresentation))
    for (time, isGood) in [(UInt64(1) << 63 - 1, true), (1 << 63, false), (.max, false)] {
      let signature = try key.signature(for: Cosignature.message(text: Self.text, time: time))
      let line = SignedNote.Signature(
        name: "w", keyID: witness.keyID,
        bytes: Cosignature(time: time, signature: Array(signature)).bytes)
      let verdict = witness.verify(
        try SignedNote(encoded: Array((Self.text + "\n" + line.line).utf8)))
      if case .valid = verdict { #expect(isGood) } else { #expect(!isGood) }
    }
  }

  @Test func `keys of logs and of witnesses are not taken for each other`() throws {
    let key = Curve25519.Signing.PrivateKey()
    let log = try NoteSigner(name: "a", key: key)
    let witness = try CosignatureSigner(name: "a", key: key)
    let error = #expect(throws: NoteError.self) {
      try CosignatureVerifier(vkey: log.verifier.vkey)
    }
    #expect(error?.description.contains("signature type 0x01") == true)
    #expect(throws: NoteError.self) { try NoteVerifier(vkey: witness.verifier.vkey) }
    #expect(throws: NoteError.self) { try CosignatureSigner(skey: log.skey) }
    #expect(throws: NoteError.self) { try NoteSigner(skey: witness.skey) }
    #expect(try CosignatureSigner(skey: witness.skey).verifier == witness.verifier)
  }

  @Test func `a witness key is refused when any part of it is cut or changed`() throws {
    let key = Array(Self.published[2].vkey.utf8)
    for end in 0..<key.count {
      let part = String(decoding: key[..<end], as: UTF8.self)
      #expect(throws: NoteError.self) { try CosignatureVerifier(vkey: part) }
    }
    for index in key.indices {
      var bad = key
      bad[index] += 1
      let text = String(decoding: bad, as: UTF8.self)
      #expect(throws: NoteError.self, "\(text)") { try CosignatureVerifier(vkey: text) }
    }
  }
}
