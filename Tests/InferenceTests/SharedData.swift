import Foundation
import TestSupport
import Testing

extension SharedData {
  static let missing: Comment =
    "needs the shared data: set TRIBUTARY_SHARED_DATA or put it at ../shared/data"

  static func model(_ name: String) -> String { path("models/\(name)") }
}

/// Golden values kept next to the tests.
enum Fixture {
  static func path(_ name: String) -> String {
    PackageFolder.root.appending(path: "Tests/InferenceTests/Fixtures/\(name)").path
  }

  static func decode<T: Decodable>(_ type: T.Type, path: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
