import Foundation
import TestSupport
import Testing

@testable import Inference

@Suite struct ModelLocatorTests {
  private let folder: TemporaryFolder
  private var root: String { folder.path }

  init() throws { folder = try TemporaryFolder() }

  private func touch(_ path: String) throws { try folder.write(path, "") }

  @Test func aBinaryInTheBuildFolderFindsThePackagesModels() throws {
    try touch("Models/reader.gguf")
    let found = try ModelLocator.find(
      "reader", environment: [:], executable: root + "/.build/x86_64/release/tributary")
    #expect(found == root + "/Models/reader.gguf")
  }

  @Test func anInstalledBinaryFindsTheSharedFolder() throws {
    try touch("share/tributary/Models/embedding.gguf")
    let found = try ModelLocator.find(
      "embedding", environment: [:], executable: root + "/bin/tributary")
    #expect(found == root + "/share/tributary/Models/embedding.gguf")
  }

  @Test func theEnvironmentComesFirstAndAPathIsTakenAsItIs() throws {
    try touch("own/reader.gguf")
    try touch("Models/reader.gguf")
    let executable = root + "/bin/tributary"
    let environment = ["TRIBUTARY_MODELS": root + "/own"]
    #expect(
      try ModelLocator.find("reader", environment: environment, executable: executable)
        == root + "/own/reader.gguf")
    let path = root + "/Models/reader.gguf"
    #expect(
      try ModelLocator.find(path, environment: environment, executable: executable) == path)
  }

  @Test func whatIsMissingIsNamedWithThePlacesThatWereSearched() throws {
    #expect {
      try ModelLocator.find("reader", environment: [:], executable: root + "/bin/tributary")
    } throws: { error in
      "\(error)".contains(root + "/share/tributary/Models/reader.gguf")
        && "\(error)".contains("TRIBUTARY_MODELS")
    }
  }
}
