import Foundation
import Testing

/// The models and golden values outside the repository; tests that need them are skipped without.
enum SharedData {
  static let folder: String? = {
    let manager = FileManager.default
    if let path = ProcessInfo.processInfo.environment["TRIBUTARY_SHARED_DATA"] {
      return manager.fileExists(atPath: path) ? path : nil
    }
    let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    let root = tests.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let path = root.appendingPathComponent("../shared/data").standardized.path
    return manager.fileExists(atPath: path) ? path : nil
  }()

  static let isPresent = folder != nil
  static let missing: Comment =
    "needs the shared data: set TRIBUTARY_SHARED_DATA or put it at ../shared/data"

  static func model(_ name: String) -> String { "\(folder ?? "")/models/\(name)" }
}

/// Golden values kept next to the tests.
enum Fixture {
  static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/\(name)").path
  }

  static func decode<T: Decodable>(_ type: T.Type, path: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
