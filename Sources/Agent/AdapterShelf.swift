import Answering
import Corpus
import GGUF
import Inference
import Trace

/// An adapter of an installed shard that an answer may use.
struct ShelvedAdapter {
  let shard: Digest
  let contributor: ContributorKey
  let adapter: ShardAdapter
  let weights: LoRAAdapter
}

/// The adapters of installed shards that are for one model, each loaded when an answer first needs it.
final class AdapterShelf {
  private let model: LanguageModel
  private let base: ShardAdapter.BaseModel
  /// Loaded files by hash: at most as many as one answer uses.
  private var loaded: [Digest: LoRAAdapter] = [:]

  init(model: LanguageModel, digest: Digest) {
    self.model = model
    base = ShardAdapter.BaseModel(
      architecture: model.configuration.architecture.rawValue, name: model.name, file: digest)
  }

  /// The adapters for an answer from `chunks`, best first, at most `LoRAAdapter.limit`.
  ///
  /// One whose file cannot be read or does not fit the model is named by `warn` and left out.
  func adapters(
    for chunks: [Chunk], in store: ShardStore, warn: (String) -> Void
  ) throws -> [ShelvedAdapter] {
    var chosen: [ShelvedAdapter] = []
    for shard in Self.candidates(for: base, chunks: chunks, shards: try store.list())
    where chosen.count < LoRAAdapter.limit {
      do {
        chosen.append(try open(shard, in: store))
      } catch {
        warn("shard \(shard.root.short): its adapter is not used: \(error)")
      }
    }
    return chosen
  }

  /// The adapter that a trace names; the error says what is missing or different.
  func adapter(
    _ wanted: TraceAdapter, of contributor: ContributorKey, in store: ShardStore
  ) throws -> ShelvedAdapter {
    guard let shard = try? store.show(wanted.shard) else {
      throw TraceError(
        "shard", found: "none that is installed and intact",
        expected: "the adapter with sha256 \(wanted.sha256.hex)")
    }
    guard let found = shard.manifest.adapter?.sha256, found == wanted.sha256 else {
      throw TraceError(
        "sha256", found: shard.manifest.adapter?.sha256.hex ?? "no adapter",
        expected: wanted.sha256.hex)
    }
    guard shard.manifest.contributor == contributor else {
      throw TraceError(
        "contributor", found: shard.manifest.contributor.hex, expected: contributor.hex)
    }
    return try open(shard, in: store)
  }

  /// The shards whose adapters may be used, best first.
  ///
  /// A contributor's rank is that of its best passage, and of several shards the one with the smallest
  /// root counts, so that nobody takes both places. Equal files count once, as the adapter of the shard
  /// that was installed first: a copy never counts.
  static func candidates(
    for base: ShardAdapter.BaseModel, chunks: [Chunk], shards: [InstalledShard]
  ) -> [InstalledShard] {
    var files: Set<Digest> = []
    var first: [ContributorKey: InstalledShard] = [:]
    for shard in shards {
      guard let adapter = shard.manifest.adapter, adapter.base.includes(base),
        files.insert(adapter.sha256).inserted
      else { continue }
      let contributor = shard.manifest.contributor
      if let other = first[contributor], other.root < shard.root { continue }
      first[contributor] = shard
    }
    var ranked: [InstalledShard] = []
    for chunk in chunks {
      if let shard = first.removeValue(forKey: chunk.contributor) { ranked.append(shard) }
    }
    return ranked
  }

  private func open(_ shard: InstalledShard, in store: ShardStore) throws -> ShelvedAdapter {
    guard let adapter = shard.manifest.adapter else {
      throw CorpusError(
        "shard \(shard.root.short)", field: "adapter", found: "none", expected: "one")
    }
    return ShelvedAdapter(
      shard: shard.root, contributor: shard.manifest.contributor, adapter: adapter,
      weights: try weights(of: adapter, in: shard.root, store))
  }

  private func weights(
    of adapter: ShardAdapter, in shard: Digest, _ store: ShardStore
  ) throws -> LoRAAdapter {
    if let known = loaded[adapter.sha256] { return known }
    let file = try GGUFFile(bytes: store.adapter(shard), name: adapter.name)
    let weights = try LoRAAdapter.load(file: file, model: model)
    if loaded.count >= LoRAAdapter.limit { loaded.removeAll() }
    loaded[adapter.sha256] = weights
    return weights
  }
}
