import Crypto
import Foundation
import Testing

@testable import TransparencyLog

/// Keys, texts and signatures are those of golang.org/x/mod/sumdb/note and the C2SP documents.
@Suite struct SignedNoteTests {
  static let text =
    "If you think cryptography is the answer to your problem,\n"
    + "then you don't know what your problem is.\n"
  static let peterKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
  static let enochKey = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
  static let peterLine =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
  static let enochLine =
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

  @Test func `signing gives the bytes that Go's note package gives`() throws {
    let skey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    let signer = try NoteSigner(skey: skey)
    #expect(signer.skey == skey)
    #expect(signer.verifier.vkey == Self.peterKey)
    let note = try SignedNote(text: Self.text, signers: [signer])
    #expect(note.encoded == Self.text + "\n" + Self.peterLine)
  }

  @Test func `a note with several signatures is verified by each of its keys`() throws {
    let note = try SignedNote(
      encoded: Array((Self.text + "\n" + Self.peterLine + Self.enochLine).utf8))
    for vkey in [Self.peterKey, Self.enochKey] {
      #expect(note.verify(by: try NoteVerifier(vkey: vkey)) == .valid(text: Self.text))
    }
    #expect(note.encoded == Self.text + "\n" + Self.peterLine + Self.enochLine)
  }

  @Test func `the vector of the note specification is verified`() throws {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    let note =
      "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    let verifier = try NoteVerifier(vkey: key)
    #expect(verifier.vkey == key)
    #expect(
      try SignedNote(encoded: Array(note.utf8)).verify(by: verifier)
        == .valid(text: "This is an example message.\n"))
  }

  @Test func `the example of the note specification is read with its empty line`() throws {
    let text =
      "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n"
    let line =
      "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
    let note = try SignedNote(encoded: Array((text + "\n" + line).utf8))
    #expect(note.text == text)
    #expect(note.signatures.map(\.name) == ["quasimodo.example/salvatore"])
    #expect(note.signatures[0].keyID == 0x367b_a04b)
    #expect(note.encoded == text + "\n" + line)
  }

  @Test func `any changed byte of a note is noticed`() throws {
    let verifier = try NoteVerifier(vkey: Self.peterKey)
    let good = Array((Self.text + "\n" + Self.peterLine).utf8)
    for index in good.indices {
      var bad = good
      bad[index] ^= 1
      guard let note = try? SignedNote(encoded: bad) else { continue }
      #expect(note.verify(by: verifier) != .valid(text: Self.text), "byte \(index)")
    }
  }

  @Test func `malformed notes are refused`() {
    let (text, line) = (Self.text, Self.peterLine)
    let malformed = [
      "", "\n", "\n\n", text, text + "\n", text + "\n" + line.dropLast(),
      "\u{01}" + text + "\n" + line, text + "\r\n\n" + line,
      text + "\n" + line + "Unexpected line.\n", text + "\n" + line + "\n",
      text + "\n— Bad Name x08go/ZJ\n", text + "\n— Bad+Name x08go/ZJ\n", text + "\n—  x08go/ZJ\n",
      text + "\n— PeterNeumann x08go\n", text + "\n— PeterNeumann x08goz==\n",
      text + "\n— PeterNeumann\n", text + "\n- PeterNeumann x08go/ZJ\n",
      text + "\n" + String(repeating: line, count: 101),
    ]
    for note in malformed {
      #expect(throws: NoteError.self, "\(note.debugDescription)") {
        try SignedNote(encoded: Array(note.utf8))
      }
    }
    #expect(throws: NoteError.self) {
      try SignedNote(encoded: [0xff] + Array((text + "\n" + line).utf8))
    }
    #expect(throws: NoteError.self) {
      try SignedNote(encoded: [UInt8](repeating: 0x0A, count: SignedNote.maximumBytes + 1))
    }
  }

  @Test func `a signature by another key of the same name does not count`() throws {
    let other = try NoteSigner(name: "PeterNeumann", key: .init())
    let note = try SignedNote(encoded: Array((Self.text + "\n" + Self.peterLine).utf8))
    guard case .invalid(let reason) = note.verify(by: other.verifier) else {
      Issue.record("accepted")
      return
    }
    #expect(reason.contains(other.verifier.vkey))
  }

  @Test func `a log key is refused when any part of it is cut or changed`() throws {
    let key = Array(Self.peterKey.utf8)
    for start in 0...key.count {
      for end in start...key.count where start != 0 || end != key.count {
        let part = String(decoding: key[start..<end], as: UTF8.self)
        #expect(throws: NoteError.self) { try NoteVerifier(vkey: part) }
      }
    }
    for index in key.indices {
      var bad = key
      bad[index] += 1
      let text = String(decoding: bad, as: UTF8.self)
      #expect(throws: NoteError.self) { try NoteVerifier(vkey: text) }
    }
    // Wrong length and unknown algorithm, both with a fitting key id.
    for vkey in [
      "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
      "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
      #expect(throws: NoteError.self) { try NoteVerifier(vkey: vkey) }
    }
  }
}
