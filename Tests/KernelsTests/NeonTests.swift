import Foundation
import TestSupport
import Testing

/// The kernels compiled for aarch64 with NEON, run under qemu.
@Suite struct NeonTests {
  private static let hasTools = ["qemu-aarch64", "aarch64-linux-gnu-gcc"].allSatisfy {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
  }

  @Test(
    .enabled(
      if: hasTools, "needs qemu-aarch64 and aarch64-linux-gnu-gcc (make setup-test installs them)"))
  func neonGivesTheSameBits() throws {
    let folder = RuntimeChoiceTests.program + "-aarch64"
    let here = try output([RuntimeChoiceTests.program], environment: ["TRIBUTARY_ISA": "portable"])
    let there = try output([PackageFolder.root.appending(path: "Scripts/neon-hash").path, folder])
    #expect(here.count > 40)
    #expect(there == here)
  }

  private func output(
    _ command: [String], environment: [String: String] = [:]
  ) throws -> [Substring] {
    let process = Process()
    process.executableURL = URL(filePath: command[0])
    process.arguments = Array(command.dropFirst())
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(command) ended with an error")
    return String(decoding: data, as: UTF8.self).split(separator: "\n")
  }
}
