import Foundation
import Testing

@testable import Inference

@Suite struct ModelLocatorTests {
  /// Runs `body` in a folder of its own that is removed afterwards.
  private func inTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("locator-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func touch(_ path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: path))
  }

  @Test func aBinaryInTheBuildFolderFindsThePackagesModels() throws {
    try inTemporaryFolder { root in
      try touch(root + "/Models/reader.gguf")
      let found = try ModelLocator.find(
        "reader", environment: [:], executable: root + "/.build/x86_64/release/tributary")
      #expect(found == root + "/Models/reader.gguf")
    }
  }

  @Test func anInstalledBinaryFindsTheSharedFolder() throws {
    try inTemporaryFolder { root in
      try touch(root + "/share/tributary/Models/embedding.gguf")
      let found = try ModelLocator.find(
        "embedding", environment: [:], executable: root + "/bin/tributary")
      #expect(found == root + "/share/tributary/Models/embedding.gguf")
    }
  }

  @Test func theEnvironmentComesFirstAndAPathIsTakenAsItIs() throws {
    try inTemporaryFolder { root in
      try touch(root + "/own/reader.gguf")
      try touch(root + "/Models/reader.gguf")
      let executable = root + "/bin/tributary"
      let environment = ["TRIBUTARY_MODELS": root + "/own"]
      #expect(
        try ModelLocator.find("reader", environment: environment, executable: executable)
          == root + "/own/reader.gguf")
      let path = root + "/Models/reader.gguf"
      #expect(
        try ModelLocator.find(path, environment: environment, executable: executable) == path)
    }
  }

  @Test func whatIsMissingIsNamedWithThePlacesThatWereSearched() throws {
    try inTemporaryFolder { root in
      #expect {
        try ModelLocator.find("reader", environment: [:], executable: root + "/bin/tributary")
      } throws: { error in
        "\(error)".contains(root + "/share/tributary/Models/reader.gguf")
          && "\(error)".contains("TRIBUTARY_MODELS")
      }
    }
  }
}
