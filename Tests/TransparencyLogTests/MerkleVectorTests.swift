import Foundation
import TestSupport
import Testing

@testable import TransparencyLog

/// Good and bad proofs of transparency-dev/merkle, read from the shared data folder.
@Suite struct MerkleVectorTests {
  struct InclusionVector: Decodable {
    var leafIdx: UInt64
    var treeSize: UInt64
    var root: Data
    var leafHash: Data
    var proof: [Data]?
    var desc: String
    var wantErr: Bool
  }

  struct ConsistencyVector: Decodable {
    var size1: UInt64
    var size2: UInt64
    var root1: Data
    var root2: Data
    var proof: [Data]?
    var desc: String
    var wantErr: Bool
  }

  static let folder = SharedData.url("merkle/testdata")

  static let whereToFindIt: Comment =
    "needs merkle/testdata of transparency-dev/merkle in ../shared/data or TRIBUTARY_SHARED_DATA"

  @Test(.enabled(if: folder != nil, whereToFindIt))
  func `the public inclusion vectors are judged as their authors say`() throws {
    let vectors: [InclusionVector] = try read("inclusion")
    #expect(vectors.count == 98)
    #expect(vectors.contains { $0.wantErr } && vectors.contains { !$0.wantErr })
    for vector in vectors {
      #expect(isValid(vector) == !vector.wantErr, "\(vector.desc)")
    }
  }

  @Test(.enabled(if: folder != nil, whereToFindIt))
  func `the public consistency vectors are judged as their authors say`() throws {
    let vectors: [ConsistencyVector] = try read("consistency")
    #expect(vectors.count == 98)
    #expect(vectors.contains { $0.wantErr } && vectors.contains { !$0.wantErr })
    for vector in vectors {
      #expect(isValid(vector) == !vector.wantErr, "\(vector.desc)")
    }
  }

  private func isValid(_ vector: InclusionVector) -> Bool {
    // Hashes of a wrong length are refused where they are read.
    guard let leaf = TreeHash(bytes: vector.leafHash), let root = TreeHash(bytes: vector.root)
    else { return false }
    let proof = InclusionProof(
      leafIndex: vector.leafIdx, treeSize: vector.treeSize, path: (vector.proof ?? []).map(hash))
    return proof.check(leaf: leaf, root: root).isValid
  }

  private func isValid(_ vector: ConsistencyVector) -> Bool {
    let proof = ConsistencyProof(
      oldSize: vector.size1, newSize: vector.size2, path: (vector.proof ?? []).map(hash))
    return proof.check(oldRoot: hash(vector.root1), newRoot: hash(vector.root2)).isValid
  }

  /// Some consistency vectors have bytes that are no hash ("don't care 1"); they stand for some hash here, so
  /// that the check itself has to judge them, not its reader.
  private func hash(_ bytes: Data) -> TreeHash {
    TreeHash(bytes: bytes) ?? .leaf(Array(bytes))
  }

  private func read<Vector: Decodable>(_ kind: String) throws -> [Vector] {
    let folder = try #require(Self.folder).appending(path: kind)
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    let paths = (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "json" }
    return try paths.map { try JSONDecoder().decode(Vector.self, from: Data(contentsOf: $0)) }
  }
}
