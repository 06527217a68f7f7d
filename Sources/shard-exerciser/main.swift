// Installs, removes and rewrites shards without pause until it is killed: the victim of the crash
// tests of `ShardStore`. Writes a line after each round, so that the test knows that it is at work.
//
//     shard-exerciser STORE NOTES SHARD...

import Corpus
import Foundation

let arguments = CommandLine.arguments
guard arguments.count > 3 else {
  FileHandle.standardError.write(Data("usage: shard-exerciser STORE NOTES SHARD...\n".utf8))
  exit(64)
}
let (folder, notes, shards) = (arguments[1], arguments[2], arguments[3...])
let identity = try ContributorIdentity(name: "Ada", seed: [UInt8](repeating: 1, count: 32))
let store = try ShardStore(folder: folder)
for round in 0... {
  for name in ["a.md", "b.md"] {
    try DurableFile.write(Array("Round \(round).\n".utf8), to: "\(notes)/\(name)")
  }
  try store.add([notes], identity: identity)
  let roots = try shards.map { try store.install($0).root }
  for root in roots { try store.remove(root) }
  FileHandle.standardOutput.write(Data("round \(round)\n".utf8))
}
