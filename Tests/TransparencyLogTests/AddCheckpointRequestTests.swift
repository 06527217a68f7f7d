import Foundation
import Testing

@testable import TransparencyLog

@Suite struct AddCheckpointRequestTests {
  /// The example of the tlog-witness specification.
  static let example =
    "old 20852014\n"
    + "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    + "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    + "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
    + "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n"
    + "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    + "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    + "— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"

  @Test func `the example of the witness specification is read and written back`() throws {
    let request = try AddCheckpointRequest(encoded: Array(Self.example.utf8))
    #expect(request.oldSize == 20_852_014)
    #expect(request.path.count == 4)
    #expect(request.note.signatures.count == 2)
    #expect(request.encoded == Self.example)
  }

  @Test func `the answer of a witness is read`() throws {
    let answer =
      "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==\n"
      + "— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==\n"
      + "— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==\n"
    let lines = try SignedNote.signatures(encoded: Array(answer.utf8))
    #expect(lines.map { $0.name.suffix(2) } == ["w1", "w1", "w2"])
    #expect(lines.map(\.line).joined() == answer)
    for bad in ["", "\n", "x\n", String(answer.dropLast()), answer + "\n"] {
      #expect(throws: NoteError.self) { try SignedNote.signatures(encoded: Array(bad.utf8)) }
    }
  }

  @Test func `a malformed request is refused`() {
    let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    let note = Self.example[Self.example.range(of: "\n\n")!.upperBound...]
    let malformed = [
      "", "\n", "old 1", "old 1\n", "old \n\n", "old 01\n\n", "old +1\n\n",
      "old -1\n\n", "old  1\n\n", "old 1 \n\n", "Old 1\n\n", "old 1\r\n\n", "size 1\n\n",
      "old 18446744073709551616\n\n", "old 1\nAAAA\n\n", "old 1\n" + hash.dropLast(2) + "\n\n",
      "old 1\n" + String(repeating: hash, count: 64) + "\n",
    ].map { $0 + note }
    for body in malformed + ["old 1\n" + hash, Self.example.replacing("\n\n", with: "\n")] {
      #expect(throws: NoteError.self, "\(body.debugDescription)") {
        try AddCheckpointRequest(encoded: Array(body.utf8))
      }
    }
    let longest = "old 1\n" + String(repeating: hash, count: 63) + "\n"
    for good in [longest, "old 0\n\n", "old 1\n" + hash + "\n"] {
      #expect(throws: Never.self) { try AddCheckpointRequest(encoded: Array((good + note).utf8)) }
    }
    let large = [UInt8](repeating: 0x41, count: AddCheckpointRequest.maximumBytes + 1)
    #expect(throws: NoteError.self) { try AddCheckpointRequest(encoded: large) }
  }

  @Test func `a request cut anywhere is refused`() {
    let good = Array(Self.example.utf8)
    let lastLine = good.count - "— ".utf8.count
    for count in 0..<lastLine {
      guard let read = try? AddCheckpointRequest(encoded: good[..<count]) else { continue }
      // Only whole signature lines may be missing without notice.
      #expect(read.note.signatures.count < 2, "\(count) bytes")
    }
  }
}
