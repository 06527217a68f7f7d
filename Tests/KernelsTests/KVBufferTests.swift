import Testing

@testable import Kernels

/// Memory for keys and values, which is kept for the next buffers.
@Suite struct KVBufferTests {
  static let sizes = [
    1, 64, 4095, 4096, 4097, 5120, 5121, 8192, 65_000, 1 << 20, 16 << 20, (16 << 20) + 1,
  ]

  @Test(arguments: sizes)
  func whatWasUsedBeforeIsZero(bytes: Int) {
    // A round is given the memory of the one before it.
    for round in 0..<3 {
      for count in [bytes, bytes + bytes / 5] {
        let buffer = KVBuffer(byteCount: count)
        let memory = UnsafeMutableRawBufferPointer(start: buffer.pointer, count: count)
        #expect(memory.allSatisfy { $0 == 0 }, "round \(round), \(count) bytes")
        #expect(Int(bitPattern: buffer.pointer) % 64 == 0)
        withExtendedLifetime(buffer) {
          _ = memory.initializeMemory(as: UInt8.self, repeating: 0xFF)
        }
      }
    }
  }

  @Test func buffersInUseShareNoMemory() {
    var ends: [(start: Int, end: Int)] = []
    var buffers: [KVBuffer] = []
    for bytes in Self.sizes + Self.sizes {
      let buffer = KVBuffer(byteCount: bytes)
      let start = Int(bitPattern: buffer.pointer)
      ends.append((start, start + bytes))
      buffers.append(buffer)
    }
    withExtendedLifetime(buffers) {}
    ends.sort { $0.start < $1.start }
    for (one, next) in zip(ends, ends.dropFirst()) { #expect(one.end <= next.start) }
  }
}
