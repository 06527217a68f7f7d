import CBOR
import Zstd

/// A shard on disk: magic, length of the signed manifest, the manifest, then one frame per document, then
/// the adapter if it carries one.
///
///     offset  bytes  content
///     0       8      "TRIBSHD1"
///     8       4      n, big-endian: length of the COSE_Sign1 message
///     12      n      COSE_Sign1 of the manifest (`ShardManifest`)
///     12 + n  ...    zstd frames in the order of the documents, without gaps
///     ...     ...    the adapter's GGUF file as it is
package struct ShardFile: Sendable {
  static let magic = Array("TRIBSHD1".utf8)

  package let manifest: ShardManifest
  private let file: OpenFile
  private let framesStart: Int

  var identity: FileIdentity { file.identity }

  /// Checks everything there is to check and says all that is wrong.
  ///
  /// With `signedBy` a shard of any other key is refused. Time is linear in the limits; memory is
  /// one document at a time.
  package static func verify(
    _ path: String, signedBy key: ContributorKey? = nil, limits: ShardLimits = .standard
  ) -> ShardVerdict {
    do throws(ShardProblem) {
      let shard = try open(path, signedBy: key, limits: limits)
      let problems =
        shard.problemsOfPlacement() + shard.problemsOfDocuments(limits)
        + shard.problemsOfAdapter()
      return problems.isEmpty ? .valid(shard.manifest) : .invalid(problems)
    } catch {
      return .invalid([error])
    }
  }

  /// Opens a shard and checks its manifest and signature, not its documents.
  package static func open(
    _ path: String, signedBy key: ContributorKey? = nil, limits: ShardLimits = .standard
  ) throws(ShardProblem) -> ShardFile {
    let result: Result<ShardFile, ShardProblem>
    do throws(FileError) {
      result = try open(OpenFile(reading: path), signedBy: key, limits: limits)
    } catch {
      throw .unreadable(error.description)
    }
    return try result.get()
  }

  /// Reads one document; its frame and its text must have the hashes of the manifest.
  package func document(
    _ document: ShardDocument, limits: ShardLimits = .standard
  ) throws(ShardProblem) -> [UInt8] {
    let path = document.path
    let frame = try frame(document)
    let text: [UInt8]
    do {
      text = try Zstd.decompress(
        frame, maximumBytes: min(document.byteCount, limits.documentBytes))
    } catch .tooLarge(let stated, _) {
      throw .sizeMismatch(
        path: path, found: Int(clamping: stated ?? UInt64(document.byteCount) + 1),
        expected: document.byteCount)
    } catch {
      throw .frameUnreadable(path: path, reason: error.description)
    }
    guard text.count == document.byteCount else {
      throw .sizeMismatch(path: path, found: text.count, expected: document.byteCount)
    }
    guard Digest(sha256: text) == document.sha256 else { throw .hashMismatch(path: path) }
    guard String(validating: text, as: UTF8.self) != nil else { throw .notUTF8(path: path) }
    return text
  }

  /// Reads the compressed frame of a document and checks its hash.
  func frame(_ document: ShardDocument) throws(ShardProblem) -> [UInt8] {
    let frame = try bytes(after: document.frameOffset, count: document.frameByteCount)
    guard Digest(sha256: frame) == document.frameSHA256 else {
      throw .frameMismatch(path: document.path)
    }
    return frame
  }

  /// Bytes `offset` and on after the signed manifest.
  func bytes(after offset: Int, count: Int) throws(ShardProblem) -> [UInt8] {
    let start = framesStart + offset
    let end = start + count
    guard end <= file.byteCount else { throw .truncated(at: file.byteCount, expected: end) }
    do throws(FileError) {
      return try file.read(at: start, count: count)
    } catch {
      throw .unreadable(error.description)
    }
  }
}

extension ShardFile {
  private static func open(
    _ file: OpenFile, signedBy key: ContributorKey?, limits: ShardLimits
  ) throws(FileError) -> Result<ShardFile, ShardProblem> {
    guard file.byteCount <= limits.fileBytes else {
      return .failure(
        .tooLarge(what: "file size", found: file.byteCount, maximum: limits.fileBytes))
    }
    let head = try file.read(at: 0, count: 12)
    guard head.starts(with: magic.prefix(head.count)) else { return .failure(.badMagic) }
    guard head.count == 12 else { return .failure(.truncated(at: head.count, expected: 12)) }
    let length = head[8...].reduce(0) { $0 << 8 | Int($1) }
    guard length <= limits.manifestBytes else {
      return .failure(
        .tooLarge(what: "manifest length", found: length, maximum: limits.manifestBytes))
    }
    let message = try file.read(at: 12, count: length)
    guard message.count == length else {
      return .failure(.truncated(at: file.byteCount, expected: 12 + length))
    }
    return Result { () throws(ShardProblem) in
      let manifest = try signedManifest(message, signedBy: key, limits: limits)
      return ShardFile(manifest: manifest, file: file, framesStart: 12 + length)
    }
  }

  private static func signedManifest(
    _ bytes: [UInt8], signedBy key: ContributorKey?, limits: ShardLimits
  ) throws(ShardProblem) -> ShardManifest {
    let message: COSESign1
    let manifest: ShardManifest
    do throws(COSESign1.Failure) {
      message = try COSESign1.decode(bytes, maximumBytes: limits.manifestBytes)
      try message.check(contentType: ShardManifest.contentType)
    } catch {
      if case .badSignature = error { throw .badSignature }
      throw .malformedManifest(error.description)
    }
    do throws(CBORError) {
      manifest = try ShardManifest.decode(message.payload, limits: limits)
    } catch {
      throw .malformedManifest(error.description)
    }
    for expected in [manifest.contributor, key].compactMap(\.self)
    where expected.bytes != message.publicKey {
      let found = ContributorKey(bytes: message.publicKey) ?? manifest.contributor
      throw .wrongKey(found: found, expected: expected)
    }
    return manifest
  }

  /// Paths in order, and frames and adapter without gaps up to the end of the file.
  private func problemsOfPlacement() -> [ShardProblem] {
    var problems: [ShardProblem] = []
    var (offset, previous) = (0, "")
    var paths: Set<String> = []  // Equal up to Unicode normalisation is equal, as on some disks.
    for document in manifest.documents {
      let path = document.path
      if let reason = DocumentPath.problem(path) {
        problems.append(.badPath(path: path, reason: reason))
      }
      if !paths.insert(path).inserted {
        problems.append(.duplicatePath(path))
      } else if !previous.utf8.lexicographicallyPrecedes(path.utf8) {
        problems.append(.unsortedPath(path))
      }
      if document.frameOffset != offset {
        problems.append(
          .misplacedFrame(path: path, found: document.frameOffset, expected: offset))
      }
      offset += document.frameByteCount
      previous = path
    }
    let expected = framesStart + offset + (manifest.adapter?.byteCount ?? 0)
    if file.byteCount < expected {
      problems.append(.truncated(at: file.byteCount, expected: expected))
    } else if file.byteCount > expected {
      problems.append(.trailingBytes(at: expected, count: file.byteCount - expected))
    }
    return Array(problems.prefix(Self.reported))
  }

  private func problemsOfDocuments(_ limits: ShardLimits) -> [ShardProblem] {
    let total = manifest.documents.reduce(0) { $0 + $1.byteCount }
    guard total <= limits.contentBytes else {
      return [.tooLarge(what: "text in all", found: total, maximum: limits.contentBytes)]
    }
    var problems: [ShardProblem] = []
    for document in manifest.documents where problems.count < Self.reported {
      do throws(ShardProblem) {
        _ = try self.document(document, limits: limits)
      } catch {
        problems.append(error)
      }
    }
    return problems
  }

  /// A file that is wrong throughout is described by its first problems.
  private static let reported = 20
}
