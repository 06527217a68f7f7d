import Testing

@testable import TransparencyLog

@Suite struct TilePathTests {
  @Test(arguments: [
    ("tile/0/000", TilePath.Kind.hashes(level: 0), 0, 256),
    ("tile/0/x001/x234/067", .hashes(level: 0), 1_234_067, 256),
    ("tile/0/x001/x234/067.p/112", .hashes(level: 0), 1_234_067, 112),
    ("tile/63/999.p/1", .hashes(level: 63), 999, 1),
    ("tile/5/x001/000.p/255", .hashes(level: 5), 1000, 255),
    ("tile/entries/x001/x234/067", .entries, 1_234_067, 256),
    ("tile/entries/000.p/8", .entries, 0, 8),
  ]) func `paths are written as the format says and read back`(
    text: String, kind: TilePath.Kind, index: Int, width: Int
  ) throws {
    let path = try #require(TilePath(kind, index: index, width: width))
    #expect("\(path)" == text)
    #expect(TilePath(text) == path)
  }

  @Test(arguments: [
    "", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile/0//000",
    "tile/00/000", "tile/64/000", "tile/-1/000", "tile/+0/000", "tile/x/000", "tile/data/000",
    "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/+00", "tile/0/-00", "tile/0/x00", "tile/0/x000",
    "tile/0/x000/001", "tile/0/001/002", "tile/0/x001/x002", "tile/0/x001/2", "tile/0/X001/002",
    "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
    "tile/0/000.p/+1", "tile/0/000.p/1/", "tile/0/000.p/1/2", "tile/0/.p/1", "tile/0/000.q/1",
    "tile/0/000/1", "tile/0/000.p/1 ", "tile/0/000\n", "tile/0/..", "tile/../000",
    "tile/0/00\u{661}",
    "tile/0/x999/x999/x999/x999/x999/999", "tile/0/x1/x999/x999/x999/x999/x999/999",
    "tile/entries", "tile/entries/", "tile/Entries/000", "tile/entries/000.p/256",
    "tile/0/000.p/1\u{301}", "tile/0/" + String(repeating: "x001/", count: 100_000) + "001",
  ]) func `every other spelling is refused`(text: String) {
    #expect(TilePath(text) == nil)
  }

  @Test func `a changed character gives another path or none`() throws {
    let text = "tile/12/x001/x234/067.p/112"
    let path = try #require(TilePath(text))
    var read = 0
    for position in text.indices {
      for scalar in UInt8(0)...127 {
        let character = Character(UnicodeScalar(scalar))
        guard character != text[position] else { continue }
        var changed = text
        changed.replaceSubrange(position...position, with: [character])
        guard let other = TilePath(changed) else { continue }
        read += 1
        #expect(other != path)
        #expect("\(other)" == changed)
      }
    }
    #expect(read > 50)
  }

  @Test(arguments: [(-1, 256), (1 << 53, 256), (0, 0), (0, 257)])
  func `a place outside of the format is none`(index: Int, width: Int) {
    #expect(TilePath(.entries, index: index, width: width) == nil)
    #expect(TilePath(.hashes(level: 0), index: index, width: width) == nil)
  }
}
