import Foundation
import TestSupport
import Testing

@testable import Corpus

@Suite("Keys")
struct KeyTests {
  @Test("a created key file is private, loads to the same identity, and is never replaced")
  func createAndLoad() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/keys/contributor.key"
    let created = try ContributorIdentity.create(path: path, name: "Ada Sø")
    let loaded = try ContributorIdentity.load(path: path)
    #expect(loaded.publicKey == created.publicKey)
    #expect(loaded.name == "Ada Sø")
    #expect(try OpenFile(reading: path).permissions == 0o600)
    let error = #expect(throws: FileError.self) {
      try ContributorIdentity.create(path: path, name: "Eve")
    }
    #expect(error?.isExisting == true)
    #expect(try ContributorIdentity.load(path: path).publicKey == created.publicKey)
    #expect(try folder.files() == ["keys/contributor.key"])
  }

  @Test("a key file that others may read is refused with the command that mends it")
  func permissions() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.key"
    _ = try ContributorIdentity.create(path: path, name: "Ada")
    for mode: mode_t in [0o640, 0o604, 0o660, 0o610] {
      chmod(path, mode)
      let error = #expect(throws: CorpusError.self) { try ContributorIdentity.load(path: path) }
      #expect(error?.description.contains("chmod 600 \(path)") == true)
    }
  }

  @Test("a damaged key file is refused")
  func damaged() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.key"
    _ = try ContributorIdentity.create(path: path, name: "Ada")
    let bytes = try DurableFile.read(path, maximumBytes: 4096)
    for count in bytes.indices {
      try DurableFile.write(Array(bytes[..<count]), to: path)
      #expect(throws: CorpusError.self) { try ContributorIdentity.load(path: path) }
    }
  }

  @Test("creating from many threads at once gives one key")
  func race() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.key"
    let keys = try await withThrowingTaskGroup(of: ContributorKey.self) { group in
      for _ in 0..<16 {
        group.addTask { try ContributorIdentity.loadOrCreate(path: path, name: "Ada").publicKey }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(keys.count == 1)
    #expect(try folder.files() == ["a.key"])
  }

  @Test("signatures verify with the public key and no other")
  func signatures() throws {
    let ada = try ContributorIdentity(name: "Ada", seed: [UInt8](repeating: 1, count: 32))
    let eve = try ContributorIdentity(name: "Eve", seed: [UInt8](repeating: 2, count: 32))
    let signature = try ada.sign([1, 2, 3])
    #expect(ada.publicKey.isValidSignature(signature, for: [1, 2, 3]))
    #expect(!ada.publicKey.isValidSignature(signature, for: [1, 2]))
    #expect(!eve.publicKey.isValidSignature(signature, for: [1, 2, 3]))
  }

  @Test(
    "names that could deceive a terminal are refused",
    arguments: ["", "a\nb", "\u{1b}[2J", "\u{202e}x", " a"])
  func names(name: String) {
    #expect(throws: CorpusError.self) { try ContributorIdentity(name: name) }
  }

  @Test("digests and keys have one spelling")
  func spelling() throws {
    let digest = Digest(sha256: Array("abc".utf8))
    let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(digest.hex == hex)
    #expect(Digest(hex: hex) == digest)
    #expect(Digest(hex: hex.uppercased()) == nil)
    #expect(Digest(hex: String(hex.dropLast())) == nil)
    #expect(ContributorKey(hex: hex)?.description == hex)
    #expect(ContributorKey(hex: hex + "00") == nil)
  }
}

@Suite("Home")
struct HomeTests {
  @Test("is TRIBUTARY_HOME, or the XDG folders, or their defaults")
  func locate() throws {
    let one = try Home.locate(environment: ["TRIBUTARY_HOME": "/t", "HOME": "/h"])
    #expect(one == Home(config: "/t", data: "/t"))
    let xdg = try Home.locate(
      environment: [
        "HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "/e",
      ])
    #expect(xdg == Home(config: "/c/tributary", data: "/d/tributary", cache: "/e/tributary"))
    let plain = try Home.locate(environment: ["HOME": "/h", "XDG_DATA_HOME": "relative"])
    #expect(
      plain
        == Home(
          config: "/h/.config/tributary", data: "/h/.local/share/tributary",
          cache: "/h/.cache/tributary"))
    #expect(plain.contributorKey == "/h/.config/tributary/keys/contributor.key")
    #expect(throws: CorpusError.self) { try Home.locate(environment: [:]) }
  }

  @Test("keeps the agent's key apart from the contributor's")
  func agentKey() throws {
    let folder = try TemporaryFolder()
    let home = Home(config: folder.path, data: folder.path)
    try home.create()
    let contributor = try ContributorIdentity.create(in: home, name: "Ada")
    let agent = try ContributorIdentity.agent(in: home)
    #expect(agent.publicKey != contributor.publicKey)
    #expect(try ContributorIdentity.agent(in: home).publicKey == agent.publicKey)
    #expect(try OpenFile(reading: home.agentKey).permissions == 0o600)
  }
}

@Suite("Durable files")
struct DurableFileTests {
  @Test("replace the old content in one step and leave no temporary file")
  func replace() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    try DurableFile.write([1], to: path)
    try DurableFile.write([2, 3], to: path)
    #expect(try DurableFile.read(path, maximumBytes: 2) == [2, 3])
    #expect(throws: FileError.self) { try DurableFile.read(path, maximumBytes: 1) }
    #expect(throws: FileError.self) { try DurableFile.write([1], to: folder.path + "/no/file") }
    #expect(try folder.files() == ["file"])
  }

  @Test("folders are made with their parents, and what cannot be made is an error")
  func folders() throws {
    let folder = try TemporaryFolder()
    try DurableFile.createFolder(folder.path + "/a/b/c")
    try DurableFile.createFolder(folder.path + "/a/b/c")
    try folder.write("a/b/c/file", "")
    #expect(throws: FileError.self) { try DurableFile.createFolder(folder.path + "/a/b/c/file") }
    #expect(throws: FileError.self) { try DurableFile.createFolder(folder.path + "/a/b/c/file/x") }
    #expect(throws: FileError.self) { try DurableFile.createFolder("/proc/none") }
    #expect(throws: FileError.self) { try DurableFile.createFolder("") }
  }

  @Test("folders, pipes and missing files are refused at once")
  func kinds() throws {
    let folder = try TemporaryFolder()
    mkfifo(folder.path + "/pipe", 0o600)
    #expect(throws: FileError.self) { try OpenFile(reading: folder.path) }
    #expect(throws: FileError.self) { try OpenFile(reading: folder.path + "/pipe") }
    let error = #expect(throws: FileError.self) { try OpenFile(reading: folder.path + "/x") }
    #expect(error?.isMissing == true)
  }

  @Test("a lock is held by one at a time and goes with its holder")
  func lock() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/lock"
    var held: FileLock? = try FileLock.acquire(path)
    #expect(try FileLock.tryAcquire(path) == nil)
    withExtendedLifetime(held) {}
    held = nil
    #expect(try FileLock.tryAcquire(path) != nil)
  }
}
