import Foundation

/// Models and golden values outside of the repository; tests that need them are skipped without.
package enum SharedData {
  private static let folder =
    ProcessInfo.processInfo.environment["TRIBUTARY_SHARED_DATA"].map { URL(filePath: $0) }
    ?? PackageFolder.root.deletingLastPathComponent().appending(path: "shared/data")

  package static let isPresent = url("") != nil

  package static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// A file or folder, if it is there.
  package static func url(_ name: String) -> URL? {
    FileManager.default.fileExists(atPath: path(name)) ? folder.appending(path: name) : nil
  }
}
