import CIntrinsics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Rounds a number of floats up to whole vectors of sixteen.
@inlinable
package func padded(_ count: Int) -> Int { (count + 15) & ~15 }

/// Zeroed floats, aligned to 64 bytes and padded to whole vectors; the owner of what `pointer` names.
///
/// Something must hold it while a kernel uses its pointer: a property of what outlives the call, or
/// `withExtendedLifetime` for a local one, whose memory is otherwise gone after the last mention of it.
package final class FloatBuffer: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  package init(_ count: Int) {
    self.count = count
    let memory = allocateAligned(padded(count) * MemoryLayout<Float>.stride)
    pointer = memory.bindMemory(to: Float.self, capacity: padded(count))
  }

  deinit { free(pointer) }
}

/// Zeroed memory aligned to 64 bytes, to be given back with `free`.
func allocateAligned(_ bytes: Int) -> UnsafeMutableRawPointer {
  guard let memory = ci_allocate(bytes) else {
    preconditionFailure("out of memory: \(bytes) bytes for the engine")
  }
  return memory
}
