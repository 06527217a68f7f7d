import Agent
import ArgumentParser
import Corpus
import Foundation
import Inference
import Kernels

/// Signed bundles of documents that one contributor made.
struct ShardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shard",
    abstract: "Pack, verify, install and remove contributors' shards, and claim your own.",
    subcommands: [
      Pack.self, Verify.self, Install.self, List.self, Show.self, Remove.self, Register.self,
      Contest.self, CheckClaim.self,
    ], defaultSubcommand: List.self)

  struct Pack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make one signed file out of a folder of Markdown and text files.")

    @Argument(help: "The folder.") var directory: String
    @Option(help: "The shard's name.") var name: String
    @Option(help: "The licence of its documents, as an SPDX identifier.") var license: String
    @Option(name: [.short, .long], help: "The file to write (default: NAME.shard).")
    var output: String?
    @Option(help: "A GGUF LoRA adapter that the shard is to carry; needs --base.")
    var adapter: String?
    @Option(help: "The model that the adapter is for: a GGUF file, or a model's name.")
    var base: String?
    @Flag(help: "The adapter is for every file of that model, such as other quantisations.")
    var anyFile = false

    func validate() throws {
      guard (adapter == nil) == (base == nil), !anyFile || adapter != nil else {
        throw ValidationError("--adapter FILE and --base MODEL go together; --any-file needs them")
      }
    }

    func run() async throws {
      let identity = try requireIdentity(in: Home.locate())
      let packed = try ShardPacker.pack(
        directory: directory, name: name, license: license, identity: identity,
        adapter: packedAdapter())
      let path = output ?? "\(name).shard"
      try packed.write(to: path)
      print(
        "\(path): \(counted(packed.manifest.documents.count, "document")), "
          + "\(packed.bytes.count) bytes, root \(packed.root.hex)")
      if let adapter = packed.manifest.adapter { print(adapterLine(adapter)) }
      for file in packed.skipped { Terminal.note("skipped (not .md or .txt): \(file)") }
    }

    /// The adapter, once it has been loaded with the model that it is for.
    private func packedAdapter() throws -> PackedAdapter? {
      guard let adapter, let base else { return nil }
      try requireFile(adapter)
      let path = try ModelLocator.find(base)
      let model = try LanguageModel.load(path: path, backend: Backend(threads: 1))
      _ = try LoRAAdapter.load(path: adapter, model: model)
      return try PackedAdapter(
        path: adapter,
        base: ShardAdapter.BaseModel(
          architecture: model.configuration.architecture.rawValue, name: model.name,
          file: anyFile ? nil : FileDigests().sha256(path)))
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a shard's signature and every hash; exit 65 or 77 if anything is wrong.")

    @Argument(help: "The shard file.") var file: String
    @Option(help: "The contributor's public key that must have signed it.") var key: String?

    func run() async throws {
      let manifest = try verified(file, key: key)
      describe(manifest).forEach { print($0) }
      print("valid")
    }
  }

  struct Install: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Verify a shard and make its documents searchable.")

    @Argument(help: "The shard files.") var files: [String]
    @Option(help: "The contributor's public key that must have signed them.") var key: String?

    func run() async throws {
      let home = try Home.locate()
      try home.create()
      let store = try ShardStore(home)
      for file in files {
        try requireFile(file)
        let shard = try store.install(file, signedBy: key.map(contributorKey))
        print(
          "installed \(shard.manifest.name) by \(shard.manifest.contributorName): "
            + "\(counted(shard.manifest.documents.count, "document")), root \(shard.root.short)")
        if let adapter = shard.manifest.adapter { print(adapterLine(adapter)) }
      }
      indexWords()
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the installed shards.")

    func run() async throws {
      let inventory = try ShardStore(Home.locate()).inventory()
      if inventory.shards.isEmpty { print("no shards: tributary shard install FILE") }
      let rows = inventory.shards.map { shard in
        [
          shard.root.short, shard.manifest.name, shard.manifest.contributorName,
          counted(shard.manifest.documents.count, "document"),
          shard.isLocal ? "local" : shard.manifest.license,
        ]
      }
      Figures.table(rows).forEach { print($0) }
      for damaged in inventory.damaged {
        Terminal.note("\(damaged.root.short)  damaged: \(damaged.reason)")
      }
      if !inventory.damaged.isEmpty { throw ExitCode.badData }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show an installed shard's manifest, or one of its documents.")

    @Argument(help: "The beginning of the shard's root.") var root: String
    @Argument(help: "A document's path, to print its text.") var document: String?

    func run() async throws {
      let store = try ShardStore(Home.locate())
      let shard = try store.show(installedRoot(root, in: store))
      if let document {
        FileHandle.standardOutput.write(Data(try store.document(shard.root, document)))
      } else {
        describe(shard.manifest).forEach { print($0) }
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove a shard and everything kept for it.")

    @Argument(help: "The beginning of the shard's root.") var root: String

    func run() async throws {
      let store = try ShardStore(Home.locate())
      let root = try installedRoot(root, in: store)
      let name = (try? store.show(root))?.manifest.name ?? "a damaged shard"
      try store.remove(root)
      indexWords()
      print("removed \(name) (\(root.short))")
    }
  }

  struct Register: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Claim a shard of your own at a ledger; the earliest claim wins.",
      discussion: """
        The claim's receipt is kept beside the shard, as FILE.LOG.claim with the id of the log's key. \
        It proves to anybody when the claim was made, so keep it.
        """)

    @Argument(help: "The shard file.") var file: String
    @Option(help: "The ledger's address (default: the setting).") var ledger: String?

    func run() async throws {
      let identity = try requireIdentity(in: Home.locate())
      _ = try verified(file, key: identity.publicKey.hex)
      var options = AgentOptions()
      options.overrides = { settings in
        if let ledger { try settings.set("ledger", to: ledger) }
      }
      let session = try AgentSession(options: options)
      let shard = try ShardFile.open(file, signedBy: identity.publicKey)
      for line in try await session.register(shard, at: file, identity: identity) { print(line) }
    }
  }

  private static func installedRoot(_ prefix: String, in store: ShardStore) throws -> Digest {
    guard let root = try store.root(withPrefix: prefix) else {
      throw AgentError(
        .missing, "no single installed shard has a root that starts with '\(prefix)'",
        hint: "tributary shard list")
    }
    return root
  }
}

/// A shard's manifest as lines of text.
private func describe(_ manifest: ShardManifest) -> [String] {
  [
    "name         \(manifest.name)", "root         \(manifest.root.hex)",
    "contributor  \(manifest.contributorName)", "key          \(manifest.contributor.hex)",
    "license      \(manifest.license)", "documents    \(manifest.documents.count)",
  ] + manifest.documents.map { "  \($0.path)  \($0.byteCount) bytes" }
    + (manifest.adapter.map(describe) ?? [])
}

private func describe(_ adapter: ShardAdapter) -> [String] {
  let file = adapter.base.file.map { "file with sha256 \($0.hex)" } ?? "any file"
  return [
    "adapter      \(adapter.name)  \(adapter.byteCount) bytes, sha256 \(adapter.sha256.hex)",
    "base model   \(adapter.base.name) (\(adapter.base.architecture)), \(file)",
  ]
}

/// What a shard's adapter will do.
private func adapterLine(_ adapter: ShardAdapter) -> String {
  "carries the adapter \(adapter.name): \(adapter.base.name) answers with it where a document of the "
    + "contributor is read"
}

/// The manifest of a shard file that verifies; throws a refusal with all reasons otherwise.
func verified(_ file: String, key: String?) throws -> ShardManifest {
  try requireFile(file)
  switch ShardFile.verify(file, signedBy: try key.map(contributorKey)) {
  case .valid(let manifest): return manifest
  case .invalid(let problems): throw ShardRefusal(path: file, problems: problems)
  }
}

func requireFile(_ path: String) throws {
  guard FileManager.default.fileExists(atPath: path) else {
    throw AgentError(.missing, "\(path): there is no such file")
  }
}

func contributorKey(_ text: String) throws -> ContributorKey {
  guard let key = ContributorKey(hex: text) else {
    throw ValidationError("'\(text)' is not a public key; expected 64 hexadecimal digits")
  }
  return key
}

func counted(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}
