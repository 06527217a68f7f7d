import Testing

@testable import TransparencyLog

@Suite struct EntryBundleTests {
  private func path(_ width: Int) throws -> TilePath {
    try #require(TilePath(.entries, index: 0, width: width))
  }

  @Test func `lengths are big-endian and stand before the entries`() throws {
    let long = [UInt8](repeating: 7, count: 0x0102)
    let bytes = EntryBundle.encode([[1, 2, 3], [], long])
    #expect(bytes == [0, 3, 1, 2, 3, 0, 0, 1, 2] + long)
    #expect(try EntryBundle.decode(bytes, at: path(3)) == [[1, 2, 3], [], long])
  }

  @Test func `a full bundle of the longest entries is read back`() throws {
    let entries = [[UInt8]](
      repeating: [UInt8](repeating: 9, count: EntryBundle.maximumEntryBytes), count: 256)
    let bytes = EntryBundle.encode(entries)
    #expect(bytes.count == 256 * 65_537)
    #expect(try EntryBundle.decode(bytes, at: path(256)) == entries)
  }

  @Test func `every cut and every surplus is refused`() throws {
    let bytes = EntryBundle.encode([[1, 2, 3], [4], [5, 6]])
    for count in 0..<bytes.count {
      #expect(throws: TileError.self) {
        try EntryBundle.decode(Array(bytes[..<count]), at: path(3))
      }
    }
    #expect(throws: TileError.self) { try EntryBundle.decode(bytes + [0], at: path(3)) }
    #expect(throws: TileError.self) { try EntryBundle.decode(bytes + [0, 0], at: path(3)) }
    #expect(throws: TileError.self) { try EntryBundle.decode(bytes, at: path(2)) }
    #expect(throws: TileError.self) { try EntryBundle.decode(bytes, at: path(4)) }
  }

  @Test func `the error names file, entry, found and expected`() throws {
    let error = #expect(throws: TileError.self) {
      try EntryBundle.decode([0, 1, 9, 0xFF, 0xFF, 1], at: path(2))
    }
    #expect(
      error?.description
        == "tile/entries/000.p/2: entry 1: found 1 bytes, expected 65535, as its length says")
  }
}
