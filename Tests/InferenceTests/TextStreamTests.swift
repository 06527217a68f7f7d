import Testing

@testable import Inference

@Suite struct TextStreamTests {
  @Test func aCharacterSpreadOverTokensAppearsOnceItIsWhole() {
    var stream = TextStream()
    #expect(stream.append([0xE7]) == "")
    #expect(stream.append([0x81]) == "")
    #expect(stream.append([0xAB, 0x21]) == "火!")
    #expect(stream.finish() == "")
  }

  @Test func piecesJoinToTheWholeTextForEveryCut() {
    let text = "a é 火 🦊 b"
    let bytes = Array(text.utf8)
    for cut in 0...bytes.count {
      var stream = TextStream()
      let pieces = [stream.append(Array(bytes[..<cut])), stream.append(Array(bytes[cut...]))]
      #expect(pieces.allSatisfy { !$0.contains("\u{FFFD}") })
      #expect(pieces.joined() + stream.finish() == text)
    }
  }

  @Test func invalidBytesAreRepairedAndNothingIsHeldForever() {
    var stream = TextStream()
    #expect(stream.append([0xFF, 0x41]) == "\u{FFFD}A")
    #expect(stream.append([0xE7]) == "")
    #expect(stream.append([0x41]) == "\u{FFFD}A")
    #expect(stream.append([0xE7]) == "")
    #expect(stream.finish() == "\u{FFFD}")
  }

  @Test func aStopTextEndsTheTextAndIsNotShownEvenInParts() {
    var stream = TextStream(stops: ["\n\nQ:"])
    #expect(stream.append(Array("yes\n".utf8)) == "yes")
    #expect(stream.append(Array("\nQ".utf8)) == "")
    #expect(stream.append(Array(": no".utf8)) == "")
    #expect(stream.isStopped)
    #expect(stream.append(Array("more".utf8)) == "")
  }

  @Test func whatOnlyLooksLikeAStopTextIsShownLater() {
    var stream = TextStream(stops: ["abc"])
    #expect(stream.append(Array("xab".utf8)) == "x")
    #expect(stream.append(Array("d".utf8)) == "abd")
    #expect(!stream.isStopped)
    #expect(stream.append(Array("ab".utf8)) == "")
    #expect(stream.finish() == "ab")
  }
}
