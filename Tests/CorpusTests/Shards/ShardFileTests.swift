import CBOR
import Foundation
import TestSupport
import Testing
import Zstd

@testable import Corpus

@Suite("A shard file")
struct ShardFileTests {
  @Test("verifies, and holds every document as it was")
  func roundTrip() throws {
    let folder = try ShardSamples.folder()
    try folder.write("docs/.hidden.md", "hidden")
    try folder.write("docs/picture.png", "no text")
    let packed = try ShardSamples.pack(folder)
    #expect(packed.skipped == ["picture.png"])
    let path = folder.path + "/a.shard"
    try packed.write(to: path)
    #expect(ShardFile.verify(path) == .valid(packed.manifest))
    let shard = try ShardFile.open(path)
    #expect(shard.manifest.documents.map(\.path) == ["lighthouse.md", "notes/bakery.txt"])
    for document in shard.manifest.documents {
      let text = try shard.document(document)
      #expect(String(decoding: text, as: UTF8.self) == ShardSamples.texts[document.path])
    }
  }

  @Test("has the same bytes for the same files, key and date")
  func reproducible() throws {
    let first = try ShardSamples.pack(ShardSamples.folder())
    let second = try ShardSamples.pack(ShardSamples.folder())
    #expect(first.bytes == second.bytes)
    #expect(first.root == second.root)
    #expect(try ShardSamples.pack(ShardSamples.folder(), seed: 2).root != first.root)
  }

  @Test("with a flipped bit in any byte is refused")
  func everyByte() throws {
    let folder = try ShardSamples.folder()
    let bytes = try ShardSamples.pack(folder).bytes
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 1 << UInt8(index % 8)
      let path = try folder.write("damaged", damaged)
      #expect(!ShardFile.verify(path).problems.isEmpty, "byte \(index)")
    }
  }

  @Test("truncated at any length is refused, and says where once its head is whole")
  func everyLength() throws {
    let folder = try ShardSamples.folder()
    let bytes = try ShardSamples.pack(folder).bytes
    for count in bytes.indices {
      let path = try folder.write("short", Array(bytes[..<count]))
      let problems = ShardFile.verify(path).problems
      let names = problems.contains { if case .truncated(count, _) = $0 { true } else { false } }
      #expect(names, "length \(count): \(problems)")
    }
  }

  @Test("with bytes after its end is refused")
  func trailing() throws {
    let folder = try ShardSamples.folder()
    let bytes = try ShardSamples.pack(folder).bytes
    let path = try folder.write("long", bytes + [0])
    #expect(ShardFile.verify(path).problems == [.trailingBytes(at: bytes.count, count: 1)])
  }

  @Test("by another key than it names, or than was asked for, is refused with both keys")
  func wrongKey() throws {
    let folder = try TemporaryFolder()
    let (ada, eve) = (
      try ShardSamples.identity(1).publicKey, try ShardSamples.identity(2).publicKey
    )
    let forged = try folder.write("a", ShardSamples.forge(signer: 2) { _ in })
    #expect(ShardFile.verify(forged).problems == [.wrongKey(found: eve, expected: ada)])
    let own = try folder.write("b", ShardSamples.forge { _ in })
    #expect(ShardFile.verify(own).problems.isEmpty)
    #expect(
      ShardFile.verify(own, signedBy: eve).problems == [.wrongKey(found: ada, expected: eve)])
    #expect(ShardProblem.wrongKey(found: ada, expected: eve).concernsSignature)
  }

  @Test(
    "with a document path that leaves the shard or deceives is refused",
    arguments: [
      "../evil.md", "a/../../evil.md", "/etc/passwd", "a//b.md", "./a.md", "a/", "", "a\\b.md",
      "a\u{0}b.md", "\u{1b}[2J.md", "\u{202e}dm.a", String(repeating: "a", count: 256),
    ])
  func paths(path: String) throws {
    let folder = try TemporaryFolder()
    let bytes = try ShardSamples.forge { $0.documents[0].path = path }
    let problems = ShardFile.verify(try folder.write("a", bytes)).problems
    let names = problems.contains {
      if case .badPath(path: path, reason: _) = $0 { true } else { false }
    }
    #expect(names, "\(problems)")
  }

  @Test("with one path twice, also in another normalisation, or out of order is refused")
  func duplicates() throws {
    let folder = try TemporaryFolder()
    func problems(_ first: String, _ second: String) throws -> [ShardProblem] {
      let bytes = try ShardSamples.forge {
        $0.documents[0].path = first
        $0.documents[1].path = second
      }
      return ShardFile.verify(try folder.write("a", bytes)).problems
    }
    #expect(try problems("a.md", "a.md") == [.duplicatePath("a.md")])
    #expect(try problems("\u{e9}.md", "\u{e9}.md") == [.duplicatePath("\u{e9}.md")])
    #expect(try problems("e\u{301}.md", "\u{e9}.md") == [.duplicatePath("\u{e9}.md")])
    #expect(try problems("b.md", "a.md") == [.unsortedPath("a.md")])
  }

  @Test("whose documents differ from the manifest is refused by document and reason")
  func documents() throws {
    let folder = try TemporaryFolder()
    func problems(_ edit: (inout ShardManifest) -> Void) throws -> [ShardProblem] {
      ShardFile.verify(try folder.write("a", ShardSamples.forge(edit: edit))).problems
    }
    let (path, other) = ("lighthouse.md", Digest(sha256: [1]))
    #expect(try problems { $0.documents[0].sha256 = other } == [.hashMismatch(path: path)])
    #expect(try problems { $0.documents[0].frameSHA256 = other } == [.frameMismatch(path: path)])
    #expect(
      try problems { $0.documents[0].byteCount = 5 }
        == [.sizeMismatch(path: path, found: 34, expected: 5)])
    #expect(
      try problems { $0.documents[0].byteCount = 50 }
        == [.sizeMismatch(path: path, found: 34, expected: 50)])
    let moved = try problems { $0.documents[1].frameOffset += 1 }
    #expect(moved.contains { "\($0)".contains("its frame starts at") })
  }

  @Test("with text that is not UTF-8, or a frame that is none, is refused by document")
  func content() throws {
    let folder = try TemporaryFolder()
    let text: [UInt8] = [0x61, 0xff]
    func verify(_ frame: [UInt8]) throws -> [ShardProblem] {
      let manifest = ShardManifest(
        name: "n", license: "l", contributor: try ShardSamples.identity().publicKey,
        contributorName: "Ada", created: 1,
        documents: [
          ShardDocument(
            path: "a.md", byteCount: 2, sha256: Digest(sha256: text), frameOffset: 0,
            frameByteCount: frame.count, frameSHA256: Digest(sha256: frame))
        ])
      let bytes = try ShardSamples.write(manifest, frame)
      return ShardFile.verify(try folder.write("a", bytes)).problems
    }
    #expect(try verify(Zstd.compress(text)) == [.notUTF8(path: "a.md")])
    let noise = try verify([1, 2, 3])
    #expect("\(noise)".contains("no zstd frame"))
    let bomb = try verify(Zstd.compress([UInt8](repeating: 97, count: 8 << 20)))
    #expect(bomb == [.sizeMismatch(path: "a.md", found: 8 << 20, expected: 2)])
  }

  @Test("beyond the limits is refused before it costs anything")
  func limits() throws {
    let folder = try ShardSamples.folder()
    let path = folder.path + "/a.shard"
    try ShardSamples.pack(folder).write(to: path)
    func problems(_ edit: (inout ShardLimits) -> Void) -> String {
      var limits = ShardLimits()
      edit(&limits)
      return "\(ShardFile.verify(path, limits: limits).problems)"
    }
    #expect(problems { $0.fileBytes = 100 }.contains("file size"))
    #expect(problems { $0.manifestBytes = 100 }.contains("manifest length"))
    #expect(problems { $0.documents = 1 }.contains("manifest.documents: found 2 items"))
    #expect(problems { $0.documentBytes = 20 }.contains("byte count"))
    #expect(problems { $0.contentBytes = 40 }.contains("text in all"))
  }

  @Test("is not made of links, non-UTF-8 files or nothing")
  func packingRefusals() throws {
    let folder = try ShardSamples.folder()
    symlink("/etc/passwd", folder.path + "/docs/link.md")
    #expect(throws: CorpusError.self) { try ShardSamples.pack(folder) }
    unlink(folder.path + "/docs/link.md")
    try folder.write("docs/bad.txt", [0xff])
    let error = #expect(throws: CorpusError.self) { try ShardSamples.pack(folder) }
    #expect(error?.file.hasSuffix("docs/bad.txt") == true)
    let empty = try TemporaryFolder()
    try empty.write("docs/x.png", "")
    #expect(throws: CorpusError.self) { try ShardSamples.pack(empty) }
  }

  @Test("that is missing, a folder or another file is refused")
  func otherFiles() throws {
    let folder = try TemporaryFolder()
    #expect(ShardFile.verify(try folder.write("a", "hello, world")).problems == [.badMagic])
    for path in [folder.path, folder.path + "/none"] {
      guard case .unreadable = ShardFile.verify(path).problems.first else {
        Issue.record("\(ShardFile.verify(path))")
        continue
      }
    }
  }
}
