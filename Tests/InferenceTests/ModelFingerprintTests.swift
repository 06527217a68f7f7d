import Foundation
import Inference
import Kernels
import TestSupport
import Testing

/// One hash for every instruction set of this machine and every number of threads.
@Suite struct ModelFingerprintTests {
  private static let variants = ISA.available.flatMap { isa in
    [1, 3].map { (isa, $0) }
  }

  @Test func decodersAgreeOnEveryVariant() throws {
    try agree(on: "reader.gguf", covers: "logits")
  }

  @Test func encodersAgreeOnEveryVariant() throws {
    try agree(on: "embedding.gguf", covers: "hidden states")
  }

  private func agree(on name: String, covers: String) throws {
    let path = PackageFolder.root.appending(path: "Models/\(name)").path
    let prints = try Self.variants.map { isa, threads in
      try ModelFingerprint(path: path, backend: Backend(isa: isa, threads: threads))
    }
    for (print, (isa, threads)) in zip(prints, Self.variants) {
      #expect(print.fingerprint == prints[0].fingerprint, "\(isa) \(threads)")
      #expect(print.fingerprint.count == 16)
      #expect(print.isa == isa.rawValue)
      #expect(print.threads == threads)
      #expect(print.covers == covers)
      #expect(print.engine == engineVersion)
    }
  }
}
