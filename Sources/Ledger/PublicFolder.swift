import Corpus
import Foundation
import TransparencyLog

/// The log as static files that any web server can serve (C2SP tlog-tiles).
///
/// A file is there with its whole, durable content or not at all; tiles never change.
package struct PublicFolder: Sendable {
  static let checkpoint = "checkpoint"
  /// Files on their way; emptied at every start.
  private static let staging = ".staging"

  package let path: String

  package init(path: String) {
    self.path = path
  }

  /// A file with its content, before it is written.
  struct File: Sendable {
    let path: TilePath
    let content: [UInt8]
  }

  /// Makes the folder and forgets what a killed process left unfinished.
  func prepare() throws {
    try DurableFile.createFolder(path, permissions: 0o755)
    let staging = path + "/" + Self.staging
    try DurableFile.createFolder(staging, permissions: 0o700)
    for name in try FileManager.default.contentsOfDirectory(atPath: staging) {
      unlink(staging + "/" + name)
    }
  }

  /// Writes tiles; all are durable when it returns.
  func write(_ files: [File]) throws(FileError) {
    try write(files.map { ("\($0.path)", $0.content) })
  }

  /// Replaces the checkpoint in one step.
  func write(checkpoint note: String) throws(FileError) {
    try write([(Self.checkpoint, Array(note.utf8))])
  }

  /// Contents are synced before they get their names, and the names before it returns.
  private func write(_ files: [(name: String, content: [UInt8])]) throws(FileError) {
    var staged: [(source: String, target: String)] = []
    for file in files {
      let source = "\(path)/\(Self.staging)/\(UUID().uuidString)"
      let output = try OpenFile(creating: source, permissions: 0o644)
      try output.write(file.content)
      try output.synchronize()
      staged.append((source, "\(path)/\(file.name)"))
    }
    var folders: Set<String> = []
    for (source, target) in staged {
      let folder = DurableFile.parent(of: target)
      if folders.insert(folder).inserted {
        try DurableFile.createFolder(folder, permissions: 0o755)
      }
      try DurableFile.rename(source, to: target)
    }
    for folder in folders { try DurableFile.synchronizeFolder(folder) }
  }

  /// The content of a tile, or nil if there is none.
  package func read(_ tile: TilePath) throws(FileError) -> [UInt8]? {
    let maximum =
      tile.kind == .entries
      ? tile.width * (2 + EntryBundle.maximumEntryBytes) : tile.width * TreeHash.byteCount
    return try read("\(tile)", maximumBytes: maximum)
  }

  /// The signed checkpoint as it is published, or nil if there is none.
  package func readCheckpoint() throws(FileError) -> [UInt8]? {
    try read(Self.checkpoint, maximumBytes: SignedNote.maximumBytes)
  }

  private func read(_ name: String, maximumBytes: Int) throws(FileError) -> [UInt8]? {
    do throws(FileError) {
      return try DurableFile.read("\(path)/\(name)", maximumBytes: maximumBytes)
    } catch {
      if error.isMissing || error.code == ENOTDIR { return nil }
      throw error
    }
  }

  /// Whether a tile is there, with the size that a tile of hashes has to have.
  func holds(_ tile: TilePath) -> Bool {
    var status = stat()
    guard stat("\(path)/\(tile)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return false
    }
    return tile.kind == .entries
      ? status.st_size > 0 : Int(status.st_size) == tile.width * TreeHash.byteCount
  }

  /// The widths of the partial versions of a tile that are there.
  func partialWidths(of tile: TilePath) -> [Int] {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: "\(path)/\(tile.partialFolder)")
    return (names ?? []).compactMap { name in
      TilePath("\(tile.partialFolder)/\(name)").map(\.width)
    }.sorted()
  }

  /// Deletes the partial versions of a full tile, as the format allows once that one is there.
  func removePartials(of tile: TilePath) {
    let folder = "\(path)/\(tile.partialFolder)"
    // Most full tiles have none left; asking first is cheaper than a failed removal.
    guard access(folder, F_OK) == 0 else { return }
    try? FileManager.default.removeItem(atPath: folder)
  }
}
