import CIntrinsics

/// The kernels for processors with AVX-512 and VNNI; calling one on another processor is an illegal
/// instruction.
public func avx512Kernels() -> ci_kernels { makeKernelTable() }

/// The same with AMX int8 for products of sixteen tokens and more.
public func amxKernels() -> ci_kernels {
  var k = makeKernelTable()
  addTileKernels(&k)
  return k
}

/// Thirty-two registers of sixteen lanes: 2 x 6 integer and as many float accumulators fit.
enum Tiling {
  typealias Limits = LimitChains<12>
  @inline(__always) static var rowGroups: Int { 2 }
  @inline(__always) static var quantisedTokens: Int { 6 }
  /// On AMD other units than those that multiply take nibbles apart; Intel was not measured.
  @inline(__always) static var readsNibbles: Bool { ci_is_amd() != 0 }
  @inline(__always) static var floatTokens: Int { 6 }
  @inline(__always) static var attentionRows: Int { 6 }
  @inline(__always) static var scoreVectors: Int { 24 }
  @inline(__always) static var valueVectors: Int { 24 }
}
