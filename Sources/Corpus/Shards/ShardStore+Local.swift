import Foundation

/// What `add` did to the local shard.
package struct LocalUpdate: Equatable, Sendable {
  /// The local shard after the update; nil if it has no documents.
  package var root: Digest?
  package var added: [String] = []
  package var changed: [String] = []
  package var unchanged: [String] = []
  /// Documents whose file is gone from a folder that was added again.
  package var removed: [String] = []
  /// Files that are no documents.
  package var skipped: [String] = []
}

extension ShardStore {
  /// Puts a person's own Markdown and text files into their local shard.
  ///
  /// A document's path is its absolute path without the leading slash, with the home folder written
  /// as `~`. Adding a folder again also drops the documents whose files are gone. Frames of
  /// unchanged files are taken over as they are, and if nothing changed nothing is written. The new
  /// root replaces the old one when the pointer `local` is renamed; until then the old one is shown.
  @discardableResult
  package func add(
    _ paths: [String], identity: ContributorIdentity, name: String = "Local documents",
    license: String = "private", homeFolder: String = NSHomeDirectory(),
    now: Int = Int(Date().timeIntervalSince1970), limits: ShardLimits = .standard
  ) throws -> LocalUpdate {
    var (files, scopes): ([String: String], [String]) = ([:], [])
    var update = LocalUpdate()
    for path in paths {
      try collect(path, home: homeFolder, limits, &files, &scopes, &update.skipped)
    }
    return try changing {
      let old = try localRoot().flatMap { isPresent($0) ? try file($0) : nil }
      let entries = try merge(files, scopes, old, limits, &update)
      guard !update.added.isEmpty || !update.changed.isEmpty || !update.removed.isEmpty else {
        update.root = old?.manifest.root
        return update
      }
      let previous = old?.manifest.root
      update.root = try replaceLocal(previous, entries, identity, name, license, now, limits)
      return update
    }
  }

  private func collect(
    _ path: String, home: String, _ limits: ShardLimits, _ files: inout [String: String],
    _ scopes: inout [String], _ skipped: inout [String]
  ) throws {
    guard let real = realpath(path, nil) else { throw FileError("find", path) }
    defer { free(real) }
    let absolute = String(cString: real)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isFolder) else {
      throw FileError("find", path, code: ENOENT)
    }
    let name = localName(absolute, home: home)
    guard isFolder.boolValue else {
      guard DocumentPath.isDocument(absolute) else {
        throw CorpusError(
          path, field: "kind of file", found: "another name", expected: "a .md or .txt file")
      }
      files[name] = absolute
      return
    }
    let content = try DocumentFolder.scan(absolute, limits: limits)
    for document in content.documents { files["\(name)/\(document)"] = "\(absolute)/\(document)" }
    skipped += content.skipped.map { "\(name)/\($0)" }
    scopes.append(name + "/")
  }

  private func localName(_ absolute: String, home: String) -> String {
    if absolute == home { return "~" }
    if home.count > 1, absolute.hasPrefix(home + "/") {
      return "~" + absolute.dropFirst(home.count)
    }
    return String(absolute.dropFirst())
  }

  /// The documents of the new local shard: those of the old one, updated by the files.
  private func merge(
    _ files: [String: String], _ scopes: [String], _ old: ShardFile?, _ limits: ShardLimits,
    _ update: inout LocalUpdate
  ) throws -> [PackedDocument] {
    var entries: [PackedDocument] = []
    for document in old?.manifest.documents ?? [] where files[document.path] == nil {
      if scopes.contains(where: document.path.hasPrefix) {
        update.removed.append(document.path)
      } else if let old {
        entries.append(PackedDocument(reusing: document, frame: try old.frame(document)))
      }
    }
    for (path, file) in files.sorted(by: { $0.key < $1.key }) {
      let text = try ShardPacker.readDocument(file, limits: limits)
      guard let old, let known = old.manifest.document(path) else {
        update.added.append(path)
        entries.append(try PackedDocument(path: path, text: text))
        continue
      }
      if known.sha256 == Digest(sha256: text) {
        update.unchanged.append(path)
        entries.append(PackedDocument(reusing: known, frame: try old.frame(known)))
      } else {
        update.changed.append(path)
        entries.append(try PackedDocument(path: path, text: text))
      }
    }
    return entries
  }

  private func replaceLocal(
    _ previous: Digest?, _ entries: [PackedDocument], _ identity: ContributorIdentity,
    _ name: String, _ license: String, _ now: Int, _ limits: ShardLimits
  ) throws -> Digest? {
    var root: Digest?
    if !entries.isEmpty {
      let packed = try ShardPacker.assemble(
        entries, name: name, license: license, identity: identity, created: now, limits: limits)
      root = packed.root
      let staged = try stage { try packed.write(to: $0 + "/shard") }
      let record = InstallationRecord(installedAt: now, isLocal: true)
      try publish(staged, packed.manifest, record)
      try DurableFile.write(Array(packed.root.hex.utf8), to: localPath)
    } else {
      unlink(localPath)
      try DurableFile.synchronizeFolder(folder)
    }
    if let previous, previous != root { try withdraw(previous) }
    return root
  }
}
