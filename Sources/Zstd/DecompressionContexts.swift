import CZstd
import Synchronization

/// Contexts of zstd that wait to be used again: making one costs more than decoding a small frame.
enum DecompressionContexts {
  /// Each has 160 KiB; more than this many at once are freed after use.
  private static let kept = 8
  private static let waiting = Mutex<[Context]>([])

  private struct Context: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  /// Lends a context that knows no dictionary and no parameters.
  static func withContext<Value>(
    _ body: (OpaquePointer) throws(ZstdError) -> Value
  ) throws(ZstdError) -> Value {
    let used = waiting.withLock { $0.popLast() }
    guard let context = used ?? ZSTD_createDCtx().map(Context.init) else {
      throw ZstdError.outOfMemory
    }
    defer {
      ZSTD_DCtx_reset(context.pointer, ZSTD_reset_session_and_parameters)
      let isKept = waiting.withLock { contexts in
        guard contexts.count < kept else { return false }
        contexts.append(context)
        return true
      }
      if !isKept { ZSTD_freeDCtx(context.pointer) }
    }
    return try body(context.pointer)
  }
}
