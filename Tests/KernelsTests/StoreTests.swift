import Testing

@testable import Kernels

/// Keys and values in blocks of positions.
@Suite struct StoreTests {
  /// Bytes of a segment of 150 positions whose positions from `position` on are stored, a number of
  /// rows at a time.
  private func stored(
    _ layout: KVLayout, by backend: Backend, from position: Int, rowsPerCall: Int
  ) -> [UInt8] {
    let width = layout.heads * layout.headDimension
    var numbers = Numbers(41)
    let rows = 150 - position
    let (keys, values) = (
      FloatBuffer(numbers.floats(rows * width)), FloatBuffer(numbers.floats(rows * width))
    )
    let buffer = KVBuffer(byteCount: layout.byteCount(positions: 150))
    defer { withExtendedLifetime((keys, values, buffer)) {} }
    buffer.pointer.initializeMemory(as: UInt8.self, repeating: 0xA5, count: buffer.byteCount)
    for row in stride(from: 0, to: rows, by: rowsPerCall) {
      let write = KVWrite(
        base: buffer.pointer, capacity: KVLayout.capacity(positions: 150), position: position + row,
        firstRow: row,
        rows: min(rowsPerCall, rows - row))
      backend.storeKV(
        [write], layout: layout, keys: keys.pointer, keyStride: width, values: values.pointer,
        valueStride: width)
    }
    return Array(UnsafeRawBufferPointer(start: buffer.pointer, count: buffer.byteCount))
  }

  @Test(arguments: ISA.available)
  func rowsStoredTogetherLieWhereRowsStoredAloneDo(isa: ISA) throws {
    let reference = try Backend(isa: .portable, threads: 1)
    for dimension in [8, 16, 24, 32, 64] {
      let layout = KVLayout(heads: 3, headDimension: dimension)
      for position in [0, 5, 16, 63] {
        let alone = stored(layout, by: reference, from: position, rowsPerCall: 1)
        for threads in [1, 2] {
          let backend = try Backend(isa: isa, threads: threads)
          for rows in [17, 150] {
            let together = stored(layout, by: backend, from: position, rowsPerCall: rows)
            #expect(
              together == alone, "\(dimension) from \(position) by \(rows), \(threads) threads")
          }
        }
      }
    }
  }

  @Test func aWriteIsCutBetweenBlocks() {
    let layout = KVLayout(heads: 1, headDimension: 8)
    let buffer = KVBuffer(byteCount: layout.byteCount(positions: 256))
    defer { withExtendedLifetime(buffer) {} }
    for (position, rows) in [(0, 1), (0, 64), (3, 61), (60, 5), (64, 64), (17, 200)] {
      let write = KVWrite(
        base: buffer.pointer, capacity: 256, position: position, firstRow: 7, rows: rows)
      let parts = write.parts(of: 64)
      #expect(
        parts.flatMap { $0.position..<$0.position + $0.rows } == Array(position..<position + rows))
      #expect(parts.allSatisfy { $0.firstRow - 7 == $0.position - position && $0.rows > 0 })
      #expect(parts.dropFirst().allSatisfy { $0.position % 64 == 0 })
    }
  }

  /// Heads of consecutive positions as they lie in memory of a capacity, by the layout's definition.
  private func read(
    _ layout: KVLayout, _ memory: UnsafeRawPointer, capacity: Int, count: Int
  ) -> [[UInt16]] {
    let d = layout.headDimension
    let padded = (d + 15) / 16 * 16
    return (0..<count * layout.heads).map { index in
      let (position, head) = (index / layout.heads, index % layout.heads)
      let first = position / 256 * 256
      let size = min(256, capacity - first)
      let tile = 2 * (d + padded) * (first * layout.heads + size * head)
      let (place, group) = (position - first, (position - first) / 64 * 64)
      let lanes = min(64, size - group)
      let key = (0..<d).map { tile + 2 * (group * d + $0 * lanes + place - group) }
      let value = (0..<d).map { tile + 2 * (size * d + place * padded + $0) }
      return (key + value).map { memory.load(fromByteOffset: $0, as: UInt16.self) }
    }
  }

  private func stored(_ layout: KVLayout, _ backend: Backend, capacity: Int, count: Int) -> KVBuffer
  {
    let width = layout.heads * layout.headDimension
    var numbers = Numbers(43)
    let rows = FloatBuffer(numbers.floats(2 * 600 * width))
    let buffer = KVBuffer(byteCount: layout.byteCount(positions: 600))
    backend.storeKV(
      [KVWrite(base: buffer.pointer, capacity: capacity, position: 0, firstRow: 0, rows: count)],
      layout: layout, keys: rows.pointer, keyStride: width, values: rows.pointer + 600 * width,
      valueStride: width)
    return buffer
  }

  /// Every position is where the definition says, and stays there when the capacity changes, in the same
  /// memory or another.
  @Test func anotherCapacityMovesWhatIsStored() throws {
    let backend = try Backend(threads: 1)
    for (dimension, heads) in [(8, 3), (24, 2), (64, 2)] {
      let layout = KVLayout(heads: heads, headDimension: dimension)
      let all = read(
        layout, stored(layout, backend, capacity: 592, count: 590).pointer, capacity: 592,
        count: 590)
      for (from, to) in [
        (16, 32), (48, 64), (64, 80), (80, 208), (240, 256), (256, 272), (272, 288), (304, 512),
        (512, 528), (16, 592), (32, 16), (80, 64), (256, 48), (528, 512), (592, 16), (512, 272),
      ] {
        for count in [min(from, to), min(from, to) - 9] {
          let same = stored(layout, backend, capacity: from, count: count)
          let expected = Array(all[..<(count * heads)])
          #expect(read(layout, same.pointer, capacity: from, count: count) == expected)
          let other = KVBuffer(byteCount: layout.byteCount(positions: 600))
          for target in [other, same] {
            layout.copy(
              count, from: same.pointer, capacity: from, to: target.pointer, capacity: to)
            #expect(
              read(layout, target.pointer, capacity: to, count: count) == expected,
              "\(count) of \(dimension), from \(from) to \(to)")
          }
        }
      }
    }
  }
}
