import Foundation
import TestSupport
import Testing

@testable import Inference

/// The run-time choice of kernels on processors without newer instructions, emulated by qemu-user.
@Suite struct EmulatedProcessorTests {
  static let emulator = ["/usr/bin/qemu-x86_64-static", "/usr/bin/qemu-x86_64"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  static let program = PackageFolder.builtProgram("engine-fingerprint")

  private func output(_ command: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    var environment = ProcessInfo.processInfo.environment
    environment["TRIBUTARY_ISA"] = nil
    process.environment = environment
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(command) ended with an error")
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  @Test(
    .enabled(if: emulator != nil, "needs qemu-x86_64: apt-get install qemu-user-static"),
    .enabled(if: program != nil, "needs the product engine-fingerprint beside the tests"),
    arguments: [("Haswell", "avx2"), ("Nehalem", "portable")])
  func anOlderProcessorComputesTheSameBits(processor: String, isa: String) throws {
    let (emulator, program) = try (#require(Self.emulator), #require(Self.program))
    for name in ["tiny-q8_0", "tiny-mixed"] {
      let native = try TestModels.tiny(name).fingerprint()
      let emulated = try output(
        [emulator, "-cpu", processor, program, Fixture.path("\(name).gguf")])
      #expect(emulated == "\(isa) \(native)")
    }
  }
}
