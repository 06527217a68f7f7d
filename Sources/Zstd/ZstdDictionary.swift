import CZstd

/// A trained dictionary, digested once for compressing and once for decompressing.
///
/// Both digests are read-only after `init`, which zstd allows from many threads at once.
package final class ZstdDictionary: @unchecked Sendable {
  package let bytes: [UInt8]
  /// The id that frames made with this dictionary carry; never 0.
  package let id: UInt32
  let compressing: OpaquePointer
  let decompressing: OpaquePointer

  /// Digests a dictionary in the format of zstd's trainer; raw content without an id is refused.
  package init(_ bytes: [UInt8], level: Int32 = 19) throws(ZstdError) {
    self.bytes = bytes
    id = bytes.withUnsafeBytes { ZSTD_getDictID_fromDict($0.baseAddress, $0.count) }
    guard id != 0 else { throw ZstdError.damaged("a dictionary without an id") }
    guard
      let compressing = bytes.withUnsafeBytes({
        ZSTD_createCDict($0.baseAddress, $0.count, level)
      })
    else { throw ZstdError.damaged("a dictionary that cannot be read") }
    guard
      let decompressing = bytes.withUnsafeBytes({ ZSTD_createDDict($0.baseAddress, $0.count) })
    else {
      ZSTD_freeCDict(compressing)
      throw ZstdError.damaged("a dictionary that cannot be read")
    }
    self.compressing = compressing
    self.decompressing = decompressing
  }

  deinit {
    ZSTD_freeCDict(compressing)
    ZSTD_freeDDict(decompressing)
  }

  /// Trains a dictionary of at most `maximumBytes`; the same samples give the same bytes.
  ///
  /// zstd asks for samples of about a hundred times the size of the dictionary.
  package static func train(
    samples: [[UInt8]], maximumBytes: Int
  ) throws(ZstdError) -> [UInt8] {
    let sizes = samples.map(\.count)
    let joined = Array(samples.joined())
    var output = [UInt8](repeating: 0, count: maximumBytes)
    let written = output.withUnsafeMutableBytes { target in
      joined.withUnsafeBytes { source in
        ZDICT_trainFromBuffer(
          target.baseAddress, target.count, source.baseAddress, sizes, UInt32(sizes.count))
      }
    }
    guard ZDICT_isError(written) == 0 else {
      throw ZstdError.damaged(String(cString: ZDICT_getErrorName(written)))
    }
    return Array(output[..<written])
  }
}
