import Foundation
import TestSupport
import Testing

@testable import Corpus

@Suite struct FileDigestsTests {
  private let folder: TemporaryFolder
  private let memory: String
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    memory = folder.path + "/digests.json"
    model = try folder.write("model.gguf", "weights")
  }

  /// Waits until the file is old enough to be remembered: only the system's clock sets its change time.
  private func settle() async throws {
    while FileIdentity(path: model)?.isSettled == false { try await Task.sleep(for: .seconds(0.1)) }
  }

  private func remembered() throws -> String { try String(contentsOfFile: memory, encoding: .utf8) }

  @Test func `a digest is remembered for the next process, and not for another file`() async throws
  {
    try await settle()
    let digest = try FileDigests(rememberedIn: memory).sha256(model)
    #expect(digest == Digest(sha256: Array("weights".utf8)))
    // A lie in the memory shows who asks it.
    let lie = Digest(sha256: [1])
    try remembered().replacing(digest.hex, with: lie.hex)
      .write(toFile: memory, atomically: true, encoding: .utf8)
    #expect(try FileDigests(rememberedIn: memory).sha256(model) == lie)

    // The same bytes and the same modification time: only the change time differs.
    let times = try FileManager.default.attributesOfItem(atPath: model)[.modificationDate]
    try FileManager.default.setAttributes(
      [.modificationDate: try #require(times)], ofItemAtPath: model)
    #expect(try FileDigests(rememberedIn: memory).sha256(model) == digest)
  }

  @Test func `what has just changed is not remembered`() throws {
    try folder.write("model.gguf", "others!")
    let digest = try FileDigests(rememberedIn: memory).sha256(model)
    #expect(digest == Digest(sha256: Array("others!".utf8)))
    #expect(!FileManager.default.fileExists(atPath: memory))
  }

  @Test func `a damaged memory is an empty one, and mended`() async throws {
    try await settle()
    try folder.write("digests.json", "[{")
    let digest = try FileDigests(rememberedIn: memory).sha256(model)
    #expect(try remembered().contains(digest.hex))
  }

  @Test func `a file that is not there is an error that names it`() throws {
    #expect { try FileDigests(rememberedIn: memory).sha256(model + ".none") } throws: {
      "\($0)".contains("model.gguf.none")
    }
  }
}
