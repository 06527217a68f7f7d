import CIntrinsics
import KernelsAVX2
import KernelsAVX512
import KernelsPortable

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The instruction sets that kernels exist for, slowest first.
///
/// All of them give the same bits.
package enum ISA: String, CaseIterable, Sendable {
  case portable, avx2, avx512, amx

  /// What this processor and its operating system support.
  package static let available = Array(allCases.prefix(1 + Int(ci_cpu_level())))

  /// The one asked for, else the one that `TRIBUTARY_ISA` names, else the best of this machine.
  package static func choose(_ asked: ISA? = nil) throws(KernelError) -> ISA {
    let available = available
    var wanted = asked
    if wanted == nil, let value = getenv("TRIBUTARY_ISA") {
      let name = String(cString: value)
      let names = allCases.map { $0.rawValue }.joined(separator: ", ")
      guard let isa = ISA(rawValue: name) else {
        throw KernelError(
          "TRIBUTARY_ISA: \"\(name)\" is not an instruction set; expected one of \(names). "
            + "Unset it to let the engine choose.")
      }
      wanted = isa
    }
    guard let wanted else { return available[available.count - 1] }
    guard available.contains(wanted) else {
      let names = available.map { $0.rawValue }.joined(separator: ", ")
      throw KernelError(
        "instruction set \(wanted.rawValue): this machine does not have it; it has \(names). "
          + "Unset TRIBUTARY_ISA to let the engine choose.")
    }
    return wanted
  }

  var kernels: ci_kernels {
    switch self {
    case .portable: portableKernels()
    case .avx2: avx2Kernels()
    case .avx512: avx512Kernels()
    case .amx: amxKernels()
    }
  }
}
