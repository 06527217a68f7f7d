import Foundation
import Testing

/// The built executable, as people run it.
@Suite struct ProcessTests {
  static let binary: URL = {
    // The test bundle and the executables are built into one folder.
    let bundle = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    return bundle.appending(path: "tributary-ledger")
  }()

  private func run(_ arguments: [String]) throws -> (status: Int32, output: String, error: String) {
    let process = Process()
    let (output, error) = (Pipe(), Pipe())
    process.executableURL = Self.binary
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = error
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let problem = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus, String(decoding: text, as: UTF8.self),
      String(decoding: problem, as: UTF8.self)
    )
  }

  @Test func `it says where it listens and stops when asked to`() throws {
    let folder = try TemporaryFolder()
    let process = Process()
    let output = Pipe()
    process.executableURL = Self.binary
    process.arguments = ["serve", "--data", folder.path + "/log", "--port", "0"]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    #expect(line.wholeMatch(of: /listening on http:\/\/127\.0\.0\.1:[0-9]+\n/) != nil)
    process.terminate()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(process.terminationReason == .exit)
    let key = try run(["key", "--data", folder.path + "/log"])
    #expect(key.status == 0)
    #expect(key.output.hasPrefix("tributary.local/ledger+"))
  }

  @Test func `exit codes and messages say what to do`() throws {
    let folder = try TemporaryFolder()
    #expect(try run(["--help"]).status == 0)
    #expect(try run(["serve"]).status == 64)
    #expect(try run(["serve", "--data", folder.path, "--port", "70000"]).status == 64)
    let missing = try run(["key", "--data", folder.path + "/none"])
    #expect(missing.status == 66)
    #expect(missing.error.contains("tributary-ledger serve --data"))
    let unusable = try run(["serve", "--data", "/dev/null/log"])
    #expect(unusable.status == 73)
    let taken = try run(["serve", "--data", folder.path, "--host", "192.0.2.1", "--port", "1"])
    #expect(taken.status == 69)
  }
}
