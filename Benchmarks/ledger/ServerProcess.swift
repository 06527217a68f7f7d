import Foundation

/// A `tributary-ledger serve` in a process of its own.
final class ServerProcess {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// What the process has used since it began.
  struct Usage {
    var processorSeconds: Double
    var residentMebibytes: Int
    var peakMebibytes: Int

    /// Processor time since an earlier moment; memory as it is now.
    func since(_ earlier: Usage) -> Usage {
      var usage = self
      usage.processorSeconds -= earlier.processorSeconds
      return usage
    }
  }

  let url: String
  private let process: Process
  private let folder: String
  private let isTemporary: Bool

  init(folder: String?, arguments: [String]) throws {
    isTemporary = folder == nil
    self.folder =
      folder ?? FileManager.default.temporaryDirectory.path + "/ledger-bench-\(UUID().uuidString)"
    let program =
      URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().path + "/tributary-ledger"
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw Failure(description: "\(program) is missing; build it first")
    }
    process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments =
      ["serve", "--data", self.folder, "--port", "0", "--log-level", "error"] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    // The first line is "listening on URL"; without one the program has ended and said why.
    var line = ""
    while !line.hasSuffix("\n") {
      guard let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty else {
        throw Failure(description: "tributary-ledger did not start")
      }
      line += String(decoding: byte, as: UTF8.self)
    }
    guard let address = line.trimmingCharacters(in: .newlines).split(separator: " ").last else {
      throw Failure(description: "tributary-ledger printed '\(line)', expected its address")
    }
    url = String(address)
  }

  /// Ends the process as an operator would, and deletes a temporary folder.
  func stop() throws {
    process.terminate()
    process.waitUntilExit()
    if isTemporary { try FileManager.default.removeItem(atPath: folder) }
    guard process.terminationStatus == 0 else {
      throw Failure(description: "tributary-ledger ended with \(process.terminationStatus)")
    }
  }

  /// From /proc: user and system time of all threads, resident memory and its highest value.
  func usage() throws -> Usage {
    let path = "/proc/\(process.processIdentifier)"
    let stat = try String(contentsOfFile: path + "/stat", encoding: .utf8)
    // The name, in parentheses, may hold spaces; user and system time are fields 14 and 15.
    let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
    let ticks = (Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0)
    let status = try String(contentsOfFile: path + "/status", encoding: .utf8)
    func mebibytes(_ name: String) -> Int {
      let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
      return line.flatMap { Int($0.split(whereSeparator: \.isWhitespace)[1]) }.map { $0 / 1024 }
        ?? 0
    }
    return Usage(
      processorSeconds: ticks / Double(sysconf(Int32(_SC_CLK_TCK))),
      residentMebibytes: mebibytes("VmRSS:"), peakMebibytes: mebibytes("VmHWM:"))
  }

  /// What the process used while `body` ran.
  func measuring<Result>(
    _ body: () async throws -> Result
  ) async throws -> (result: Result, usage: Usage) {
    let before = try usage()
    let result = try await body()
    return (result, try usage().since(before))
  }

  /// The bytes of all files in the data folder.
  func bytesOnDisk() throws -> Int {
    let files = FileManager.default.enumerator(
      at: URL(filePath: folder), includingPropertiesForKeys: [.fileSizeKey, .isRegularFileKey])
    var sum = 0
    while let file = files?.nextObject() as? URL {
      let values = try? file.resourceValues(forKeys: [.fileSizeKey, .isRegularFileKey])
      if values?.isRegularFile == true { sum += values?.fileSize ?? 0 }
    }
    return sum
  }
}
