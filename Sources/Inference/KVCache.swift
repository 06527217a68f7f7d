import Foundation
import GGUF

/// Keys and values of texts on disk, shared by processes that use the same model.
///
/// An entry holds a text that attends to nothing but itself, at given positions. It is named by the
/// engine's version, the model file's hash, the start position and the tokens, so nothing in the folder
/// ever has to be invalidated, and it is verified before use: results with the cache have the bits of
/// results without it. Whatever goes wrong is a miss: an entry that is damaged or of another kind is
/// removed with a warning, a folder that cannot be written is warned about once.
///
/// Safe for use by several threads, and the folder by several processes. Tokens are stored in the
/// clear: the folder is readable for its owner only.
package final class KVCache: @unchecked Sendable {
  package struct Counts: Sendable, Equatable {
    package internal(set) var hits = 0
    package internal(set) var misses = 0
    package internal(set) var stored = 0
    /// Entries removed because they were damaged.
    package internal(set) var dropped = 0
    /// Entries removed to make room.
    package internal(set) var evicted = 0
  }

  private let model: LanguageModel
  private let modelHash: [UInt8]
  private let warn: @Sendable (String) -> Void
  private let lock = NSLock()
  private let folder: CacheFolder
  private var state = Counts()
  private var hasWarnedAboutWriting = false
  private let mappings = MappingCount()

  /// Mappings at a time, beyond which entries are copied: each holds one of a process's descriptors,
  /// of which there are often 1,024.
  static let mappingLimit = 256
  private let mappingLimit: Int

  /// Opens or makes the folder.
  ///
  /// `modelHash`: at most 64 bytes that identify the model file's contents, such as its SHA-256.
  /// `onWarning` gets one sentence for each entry dropped.
  package convenience init(
    directory: String, capacityBytes: Int, model: LanguageModel, modelHash: [UInt8],
    onWarning: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    try self.init(
      directory: directory, capacityBytes: capacityBytes, model: model, modelHash: modelHash,
      mappingLimit: Self.mappingLimit, onWarning: onWarning)
  }

  /// A cache with another limit of mappings.
  init(
    directory: String, capacityBytes: Int, model: LanguageModel, modelHash: [UInt8],
    mappingLimit: Int, onWarning: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    folder = try CacheFolder(
      path: directory, suffix: KVCacheEntry.suffix, capacity: capacityBytes)
    self.model = model
    self.modelHash = modelHash
    self.mappingLimit = mappingLimit
    warn = onWarning
  }

  package var capacityBytes: Int { folder.capacity }

  /// What happened so far.
  package var counts: Counts { lock.withLock { state } }

  /// The segment of a text that attends to nothing, if it is stored.
  ///
  /// It lies in the mapped file: should somebody shorten that file, requests that attend to the segment
  /// throw `InferenceError.segmentLost`.
  package func segment(of tokens: [Int32], startPosition: Int = 0) -> KVSegment? {
    lock.withLock {
      let found = load(tokens, startPosition)
      if found == nil { state.misses += 1 } else { state.hits += 1 }
      return found
    }
  }

  /// Stores a segment whose tokens attended to nothing but each other.
  package func store(_ segment: KVSegment) {
    precondition(segment.isSelfContained, "a segment that attended to others is not its text's")
    guard segment.count > 0, !segment.isDamaged else { return }
    lock.withLock {
      let entry = entry(segment.tokens, segment.startPosition)
      do {
        state.evicted += try folder.write(entry.encoded(segment), as: entry.fileName)
        state.stored += 1
      } catch {
        if !hasWarnedAboutWriting { warn("the cache of keys and values is not written: \(error)") }
        hasWarnedAboutWriting = true
      }
    }
  }

  /// The segments of texts that attend to nothing: stored ones, the others computed in one batch.
  package func segments(of texts: [[Int32]], startPosition: Int = 0) throws -> [KVSegment] {
    var found = texts.map { segment(of: $0, startPosition: startPosition) }
    let missing = texts.indices.filter { found[$0] == nil }
    guard !missing.isEmpty else { return found.compactMap { $0 } }
    for index in missing { found[index] = model.makeSegment(startPosition: startPosition) }
    _ = try model.forward(
      missing.map { ForwardRequest(tokens: texts[$0], segment: found[$0]!, outputs: .none) })
    for index in missing { store(found[index]!) }
    return found.compactMap { $0 }
  }

  private func entry(_ tokens: [Int32], _ startPosition: Int) -> KVCacheEntry {
    KVCacheEntry(
      model.configuration, modelHash: modelHash, startPosition: startPosition, tokens: tokens)
  }

  private func load(_ tokens: [Int32], _ startPosition: Int) -> KVSegment? {
    guard !tokens.isEmpty else { return nil }
    let entry = entry(tokens, startPosition)
    let name = entry.fileName
    guard folder.exists(name), let file = try? MappedFile(path: folder.path(of: name)) else {
      return nil
    }
    let mapping = Mapping(file, mappings)
    if let defect = entry.defect(of: file.bytes) { return drop(name, defect) }
    var segment = KVSegment(
      model.configuration, startPosition: startPosition, tokens: tokens,
      layers: entry.layers(of: file.bytes), owner: mapping)
    if mappings.value > mappingLimit { segment = segment.copy() }
    if file.isDamaged || segment.isDamaged { return drop(name, "it shrank while it was read") }
    folder.touch(name)
    return segment
  }

  private func drop(_ name: String, _ defect: String) -> KVSegment? {
    folder.remove(name)
    state.dropped += 1
    warn("\(folder.path(of: name)): \(defect); dropped from the cache")
    return nil
  }
}

/// The file that a segment's memory lies in.
private final class Mapping: KVMemory {
  private let file: MappedFile
  private let count: MappingCount

  init(_ file: MappedFile, _ count: MappingCount) {
    self.file = file
    self.count = count
    count.add(1)
  }

  deinit { count.add(-1) }

  var isDamaged: Bool { file.isDamaged }
}

/// How many mappings segments hold.
private final class MappingCount: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0

  var value: Int { lock.withLock { count } }

  func add(_ difference: Int) { lock.withLock { count += difference } }
}
