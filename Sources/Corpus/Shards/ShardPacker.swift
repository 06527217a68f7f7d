import CBOR
import Foundation
import Zstd

/// A shard in memory, ready to be written.
package struct PackedShard: Sendable {
  package let manifest: ShardManifest
  package let root: Digest
  /// Files of the folder that are no documents, by path.
  package let skipped: [String]
  package let bytes: [UInt8]

  /// Writes the shard to `path` in one step.
  package func write(to path: String) throws(FileError) {
    try DurableFile.write(bytes, to: path, permissions: 0o644)
  }
}

/// Makes shards out of folders of Markdown and text files.
package enum ShardPacker {
  /// Packs every document below `directory`; hidden files and other kinds of files are skipped.
  ///
  /// The same files, key, names and date give the same bytes; an `adapter` goes along. Symbolic
  /// links are refused, so that a shard never holds what is not in the folder.
  package static func pack(
    directory: String, name: String, license: String, identity: ContributorIdentity,
    adapter: PackedAdapter? = nil, created: Int = Int(Date().timeIntervalSince1970),
    limits: ShardLimits = .standard
  ) throws -> PackedShard {
    let found = try DocumentFolder.scan(directory, limits: limits)
    guard !found.documents.isEmpty else {
      throw CorpusError(
        directory, field: "documents", found: "none", expected: "at least one .md or .txt file")
    }
    let entries = try found.documents.map { path in
      let file = "\(directory)/\(path)"
      return try PackedDocument(path: path, text: readDocument(file, limits: limits))
    }
    return try assemble(
      entries, name: name, license: license, identity: identity, adapter: adapter,
      created: created, skipped: found.skipped, limits: limits)
  }

  /// Reads a text file and refuses one that is too large or not UTF-8.
  static func readDocument(_ path: String, limits: ShardLimits) throws -> [UInt8] {
    let text = try DurableFile.read(path, maximumBytes: limits.documentBytes)
    guard String(validating: text, as: UTF8.self) != nil else {
      throw CorpusError(path, field: "text", found: "bytes that are not UTF-8", expected: "UTF-8")
    }
    return text
  }

  static func assemble(
    _ entries: [PackedDocument], name: String, license: String, identity: ContributorIdentity,
    adapter: PackedAdapter? = nil, created: Int, skipped: [String] = [],
    limits: ShardLimits = .standard
  ) throws -> PackedShard {
    var (documents, frames): ([ShardDocument], [UInt8]) = ([], [])
    for entry in entries.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
      if let problem = DocumentPath.problem(entry.path, limits: limits) {
        throw CorpusError(entry.path, field: "path", found: problem, expected: "a document path")
      }
      documents.append(entry.document(at: frames.count))
      frames += entry.frame
    }
    let manifest = ShardManifest(
      name: name, license: license, contributor: identity.publicKey,
      contributorName: identity.name, created: created, documents: documents,
      adapter: adapter?.adapter)
    let payload = manifest.encode()
    _ = try ShardManifest.decode(payload, limits: limits)  // Refuses what a reader would refuse.
    let message = try identity.signRecord(payload, contentType: ShardManifest.contentType)
    let length = (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) }
    return PackedShard(
      manifest: manifest, root: Digest(sha256: payload), skipped: skipped,
      bytes: ShardFile.magic + length + message + frames + (adapter?.bytes ?? []))
  }
}

/// A document with its compressed frame.
struct PackedDocument {
  let path: String
  let byteCount: Int
  let sha256: Digest
  let frame: [UInt8]

  init(path: String, text: [UInt8]) throws {
    self.path = path
    byteCount = text.count
    sha256 = Digest(sha256: text)
    frame = try Zstd.compress(text, level: 19)
  }

  /// Takes a frame from another shard as it is.
  init(reusing document: ShardDocument, frame: [UInt8]) {
    path = document.path
    byteCount = document.byteCount
    sha256 = document.sha256
    self.frame = frame
  }

  func document(at offset: Int) -> ShardDocument {
    ShardDocument(
      path: path, byteCount: byteCount, sha256: sha256, frameOffset: offset,
      frameByteCount: frame.count, frameSHA256: Digest(sha256: frame))
  }
}

/// The documents below a folder, by path relative to it.
enum DocumentFolder {
  struct Content {
    var documents: [String] = []
    var skipped: [String] = []
  }

  static func scan(_ directory: String, limits: ShardLimits) throws -> Content {
    var content = Content()
    try visit(directory, "", depth: 0, limits, &content)
    content.documents.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return content
  }

  private static func visit(
    _ root: String, _ folder: String, depth: Int, _ limits: ShardLimits, _ content: inout Content
  ) throws {
    let path = folder.isEmpty ? root : "\(root)/\(folder)"
    guard depth < 64 else {
      throw CorpusError(path, field: "folders", found: "64 levels", expected: "fewer")
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    where !name.hasPrefix(".") {
      let relative = folder.isEmpty ? name : "\(folder)/\(name)"
      switch try kind("\(root)/\(relative)") {
      case S_IFDIR: try visit(root, relative, depth: depth + 1, limits, &content)
      case S_IFREG where DocumentPath.isDocument(name): content.documents.append(relative)
      case S_IFLNK:
        throw CorpusError(
          "\(root)/\(relative)", field: "file", found: "a symbolic link", expected: "a file")
      default: content.skipped.append(relative)
      }
      guard content.documents.count <= limits.documents else {
        throw CorpusError(
          root, field: "documents", found: "more", expected: "at most \(limits.documents)")
      }
    }
  }

  private static func kind(_ path: String) throws(FileError) -> mode_t {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw FileError("examine", path) }
    return status.st_mode & S_IFMT
  }
}
