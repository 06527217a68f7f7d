import Foundation
import Testing

@testable import Tokenizers

@Suite struct UnicodeTests {
  /// Counts of llama.cpp's tables (Unicode 15.1), so that a change of the Swift library shows.
  @Test func classesAreThoseOfUnicode15() throws {
    var counts: [CharacterClass: Int] = [:]
    for value in UInt32(0)...0x10FFFF where Unicode.Scalar(value) != nil {
      counts[CharacterClass.of(value), default: 0] += 1
    }
    let expected: [CharacterClass: Int] = [
      .letter: 136_726, .number: 1_831, .whitespace: 25, .mark: 2_450, .punctuation: 842,
      .symbol: 7_775, .control: 137_697, .unassigned: 824_718,
    ]
    #expect(counts == expected)
  }

  @Test func newerCharactersAreUnassigned() {
    #expect(CharacterClass.of(0x1C89) == .unassigned)  // a letter since Unicode 16
    #expect(CharacterClass.of(0x10D40) == .unassigned)  // a number since Unicode 16
    #expect(CharacterClass.of(0x2EBF0) == .letter)  // since Unicode 15.1
    #expect(CharacterClass.of(0x85) == .whitespace)
    #expect(CharacterClass.of(0x200B) == .control)
  }

  /// `CanonicalBase` looks at some ranges alone; nothing outside them may decompose.
  @Test func decompositionsLieWithinTheKnownRanges() {
    let wrong = (UInt32(0)...0x10FFFF).filter { value in
      guard let scalar = Unicode.Scalar(value), scalar.properties.isKnown,
        scalar.properties.generalCategory != .privateUse
      else { return false }
      let base = String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars.first
      return base?.value != CanonicalBase.of(value)
    }
    #expect(wrong.isEmpty)
  }
}
