import CBOR
import Foundation
import Synchronization

/// The installed shards: one folder per root, holding the shard file and a small record.
///
///     shards/<root>/shard        the shard file, exactly as it was verified
///     shards/<root>/installed    when it was installed, and whether it is the local shard
///     shards/local               the root of the local shard
///     shards/.staging/           what is being installed or removed
///     shards/.lock               held while anything changes
///
/// A shard becomes visible by renaming its finished folder out of staging, and disappears by being
/// renamed into it, so a process killed at any instant leaves it installed or not, never in between.
/// What a killed process left in staging goes with the next change or the next start.
package final class ShardStore: Sendable {
  let folder: String
  private let opened = Mutex<[Digest: OpenShard]>([:])

  /// An opened shard, kept so that its manifest is not decoded again for each document.
  private struct OpenShard {
    let file: ShardFile
    let installed: InstalledShard
  }

  package convenience init(_ home: Home) throws {
    try self.init(folder: home.shards)
  }

  package init(folder: String) throws {
    self.folder = folder
    try DurableFile.createFolder(folder)
    if let lock = try FileLock.tryAcquire(lockPath) {
      try withExtendedLifetime(lock) { try recover() }
    }
  }

  /// Verifies the shard file at `path` and makes it visible in one step.
  ///
  /// A shard that is installed already stays as it is, unless its copy is damaged. Throws
  /// `ShardRefusal` with everything that is wrong; nothing of a refused shard remains.
  @discardableResult
  package func install(
    _ path: String, signedBy key: ContributorKey? = nil, limits: ShardLimits = .standard,
    now: Int = Int(Date().timeIntervalSince1970)
  ) throws -> InstalledShard {
    try changing {
      let staged = try stage { try copy(path, to: $0 + "/shard", limits: limits) }
      let verdict = ShardFile.verify(staged + "/shard", signedBy: key, limits: limits)
      guard case .valid(let manifest) = verdict else {
        try discard(staged)
        throw ShardRefusal(path: path, problems: verdict.problems)
      }
      if let present = intact(manifest.root) {
        try discard(staged)
        return present
      }
      return try publish(staged, manifest, InstallationRecord(installedAt: now, isLocal: false))
    }
  }

  /// All readable shards, in the order in which they were installed.
  package func list() throws -> [InstalledShard] { try inventory().shards }

  /// All shards, and for each one that cannot be read its root and the reason.
  package func inventory() throws -> (
    shards: [InstalledShard], damaged: [(root: Digest, reason: String)]
  ) {
    var shards: [InstalledShard] = []
    var damaged: [(root: Digest, reason: String)] = []
    let local = try localRoot()
    for root in try roots() {
      do {
        let shard = try show(root)
        if !shard.isLocal || root == local { shards.append(shard) }
      } catch let error as FileError where error.isMissing {
        continue  // Removed since the folder was read.
      } catch {
        damaged.append((root, "\(error)"))
      }
    }
    shards.sort { ($0.installedAt, $0.root) < ($1.installedAt, $1.root) }
    return (shards, damaged)
  }

  /// One installed shard.
  package func show(_ root: Digest) throws -> InstalledShard { try open(root).installed }

  /// The text of a document, checked against the manifest's hash at every read.
  package func document(_ root: Digest, _ path: String) throws -> [UInt8] {
    let file = try open(root).file
    guard let document = file.manifest.document(path) else {
      throw CorpusError(
        "shard \(root.short)", field: "document", found: "nothing named \(path)",
        expected: "a path that `tributary shard show \(root.short)` lists")
    }
    return try file.document(document)
  }

  /// Removes a shard and everything the store kept for it; returns false if it is not installed.
  @discardableResult
  package func remove(_ root: Digest) throws -> Bool {
    try changing {
      guard isPresent(root) else { return false }
      try withdraw(root)
      if try localRoot() == root { unlink(localPath) }
      try DurableFile.synchronizeFolder(folder)
      return true
    }
  }

  /// The root whose hexadecimal digits start with `prefix`, if there is exactly one; also that of a
  /// shard which cannot be read.
  package func root(withPrefix prefix: String) throws -> Digest? {
    let (shards, damaged) = try inventory()
    let matches = (shards.map(\.root) + damaged.map { $0.root }).filter {
      $0.hex.hasPrefix(prefix.lowercased())
    }
    return matches.count == 1 ? matches[0] : nil
  }
}

extension ShardStore {
  var lockPath: String { folder + "/.lock" }
  var stagingPath: String { folder + "/.staging" }
  var localPath: String { folder + "/local" }
  func path(of root: Digest) -> String { "\(folder)/\(root.hex)" }
  func isPresent(_ root: Digest) -> Bool { access(path(of: root) + "/shard", F_OK) == 0 }

  /// The shard file of an installed shard.
  func file(_ root: Digest) throws -> ShardFile { try open(root).file }

  /// Opens an installed shard, or returns it as it was opened before if its file is unchanged.
  private func open(_ root: Digest) throws -> OpenShard {
    let path = path(of: root) + "/shard"
    let identity = FileIdentity(path: path)
    if let known = opened.withLock({ $0[root] }), known.file.identity == identity { return known }
    guard identity != nil else { throw FileError("open", path, code: ENOENT) }
    let record = try InstallationRecord.decode(
      DurableFile.read(self.path(of: root) + "/installed", maximumBytes: 64))
    let file: ShardFile
    do {
      file = try ShardFile.open(path)
    } catch {
      throw ShardRefusal(path: path, problems: [error])
    }
    guard file.manifest.root == root else {
      throw CorpusError(
        path, field: "root", found: file.manifest.root.hex, expected: "the folder's name")
    }
    let shard = OpenShard(
      file: file,
      installed: InstalledShard(
        root: root, manifest: file.manifest, installedAt: record.installedAt,
        isLocal: record.isLocal))
    opened.withLock { known in
      if known.count >= Self.maximumOpen { known.removeAll() }
      known[root] = shard
    }
    return shard
  }

  /// Each open shard holds a file descriptor.
  private static let maximumOpen = 64

  /// The installed shard, if every byte of it still verifies.
  private func intact(_ root: Digest) -> InstalledShard? {
    guard isPresent(root), case .valid(let manifest) = ShardFile.verify(path(of: root) + "/shard"),
      manifest.root == root
    else { return nil }
    return try? show(root)
  }

  func roots() throws -> [Digest] {
    try FileManager.default.contentsOfDirectory(atPath: folder).compactMap(Digest.init(hex:))
      .sorted()
  }

  func localRoot() throws -> Digest? {
    do {
      let text = String(decoding: try DurableFile.read(localPath, maximumBytes: 65), as: UTF8.self)
      return Digest(hex: text.trimmingCharacters(in: .newlines))
    } catch  where error.isMissing {
      return nil
    }
  }

  /// Runs `body` alone, after clearing what a killed process may have left.
  func changing<Result>(_ body: () throws -> Result) throws -> Result {
    try FileLock.withLock(lockPath) {
      try recover()
      return try body()
    }
  }

  /// Empties staging, and drops half-written pointers and local shards that the pointer does not name.
  private func recover() throws {
    if access(stagingPath, F_OK) == 0 {
      try FileManager.default.removeItem(atPath: stagingPath)
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasSuffix(".tmp") {
      unlink("\(folder)/\(name)")
    }
    let local = try localRoot()
    if let local, !isPresent(local) { unlink(localPath) }
    for root in try roots() where root != local {
      guard let record = try? DurableFile.read(path(of: root) + "/installed", maximumBytes: 64),
        let decoded = try? InstallationRecord.decode(record), decoded.isLocal
      else { continue }
      try withdraw(root)
    }
  }

  /// Fills a new folder in staging and returns its path.
  func stage(_ fill: (_ folder: String) throws -> Void) throws -> String {
    let staged = "\(stagingPath)/\(UUID().uuidString)"
    try DurableFile.createFolder(staged)
    do {
      try fill(staged)
    } catch {
      try? discard(staged)
      throw error
    }
    return staged
  }

  func discard(_ staged: String) throws {
    try FileManager.default.removeItem(atPath: staged)
  }

  /// Makes a staged shard visible, replacing a damaged copy if there is one.
  @discardableResult
  func publish(
    _ staged: String, _ manifest: ShardManifest, _ record: InstallationRecord
  ) throws -> InstalledShard {
    let root = manifest.root
    try DurableFile.write(record.encode(), to: staged + "/installed")
    try DurableFile.synchronizeFolder(staged)
    if access(path(of: root), F_OK) == 0 { try withdraw(root) }
    try DurableFile.rename(staged, to: path(of: root))
    try DurableFile.synchronizeFolder(folder)
    return InstalledShard(
      root: root, manifest: manifest, installedAt: record.installedAt, isLocal: record.isLocal)
  }

  /// Takes a shard out of sight in one step, then deletes it.
  func withdraw(_ root: Digest) throws {
    opened.withLock { $0[root] = nil }
    let grave = "\(stagingPath)/\(UUID().uuidString)"
    try DurableFile.createFolder(stagingPath)
    try DurableFile.rename(path(of: root), to: grave)
    try discard(grave)
  }

  /// Copies a file of bounded size, so that what is verified is what gets installed.
  private func copy(_ source: String, to target: String, limits: ShardLimits) throws {
    let input = try OpenFile(reading: source)
    guard input.byteCount <= limits.fileBytes else {
      let problem = ShardProblem.tooLarge(
        what: "file size", found: input.byteCount, maximum: limits.fileBytes)
      throw ShardRefusal(path: source, problems: [problem])
    }
    let output = try OpenFile(creating: target)
    var offset = 0
    while offset < input.byteCount {
      let piece = try input.read(at: offset, count: min(1 << 20, input.byteCount - offset))
      if piece.isEmpty { break }
      try output.write(piece)
      offset += piece.count
    }
    try output.synchronize()
  }
}
