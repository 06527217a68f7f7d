import Foundation
import TestSupport
import Testing

@testable import Kernels

/// Runs the real `kernel-hash` program, here and under emulated processors that lack newer instructions.
@Suite struct RuntimeChoiceTests {
  static let program = PackageFolder.program("kernel-hash").path
  static let emulator = ["/usr/bin/qemu-x86_64", "/usr/local/bin/qemu-x86_64"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test func everyInstructionSetAndThreadCountGivesTheSameHashes() throws {
    let portable = try run(isa: "portable")
    #expect(portable.isa == "isa portable" && portable.hashes.count > 20)
    for isa in ISA.available {
      for threads in [1, 2] {
        let output = try run(isa: isa.rawValue, threads: threads)
        #expect(output.isa == "isa \(isa.rawValue)")
        #expect(output.hashes == portable.hashes)
      }
    }
  }

  @Test func theBestInstructionSetIsChosenAndABadNameRefused() throws {
    #expect(try run(isa: nil).isa == "isa \(ISA.available.last!.rawValue)")
    let refused = try run(isa: "sse9")
    #expect(refused.isa.contains("sse9") && refused.isa.contains("portable, avx2, avx512"))
  }

  @Test(
    .enabled(if: emulator != nil, "needs qemu-x86_64 (apt-get install qemu-user)"),
    arguments: [("Haswell", "avx2"), ("Nehalem", "portable")])
  func anOlderProcessorGetsItsOwnKernelsAndTheSameBits(cpu: String, isa: String) throws {
    let emulator = try #require(Self.emulator)
    let here = try run(isa: "portable")
    let there = try run(isa: nil, through: [emulator, "-cpu", cpu])
    #expect(there.isa == "isa \(isa)")
    #expect(there.hashes == here.hashes)
    let refused = try run(isa: "avx512", through: [emulator, "-cpu", cpu])
    #expect(refused.isa.hasPrefix("error: instruction set avx512: this machine does not have it"))
  }

  private func run(
    isa: String?, threads: Int = 1, through: [String] = []
  ) throws -> (isa: String, hashes: [String]) {
    let command = through + [Self.program, "\(threads)"]
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    var environment = ProcessInfo.processInfo.environment
    environment["TRIBUTARY_ISA"] = isa
    process.environment = environment
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit, "\(command) died")
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    return (lines.first ?? "", Array(lines.dropFirst()))
  }
}
