import Testing

@testable import TransparencyLog

@Suite struct ProofTests {
  @Test func `every leaf of every tree up to 100 leaves is provably included`() throws {
    for size in 1...100 {
      let (leaves, stored, frontier) = makeTree(size)
      for index in 0..<size {
        let proof = try InclusionProof.prove(leafIndex: index, treeSize: size, reader: stored)
        #expect(proof.path == TreeReference.inclusionPath(index, leaves[...]))
        #expect(proof.check(leaf: leaves[index], root: frontier.root) == .valid)
      }
    }
  }

  @Test func `every pair of tree sizes up to 100 is provably consistent`() throws {
    let (leaves, stored, _) = makeTree(100)
    let roots = (0...100).map { TreeReference.root(leaves.prefix($0)) }
    for new in 1...100 {
      for old in 1...new {
        let proof = try ConsistencyProof.prove(oldSize: old, newSize: new, reader: stored)
        let expected = TreeReference.consistencyPath(old, leaves.prefix(new))
        #expect(proof.path == expected)
        #expect(proof.check(oldRoot: roots[old], newRoot: roots[new]) == .valid)
      }
    }
  }

  @Test func `an inclusion proof for another leaf, index, size or root is refused`() throws {
    for size in 1...33 {
      let (leaves, stored, frontier) = makeTree(size)
      for index in 0..<size {
        let proof = try InclusionProof.prove(leafIndex: index, treeSize: size, reader: stored)
        let leaf = leaves[index]
        let root = frontier.root
        #expect(!proof.check(leaf: .leaf([9]), root: root).isValid)
        #expect(!proof.check(leaf: leaf, root: .leaf([9])).isValid)
        for bad in mutations(of: proof.path) {
          let forged = InclusionProof(
            leafIndex: proof.leafIndex, treeSize: proof.treeSize, path: bad)
          #expect(!forged.check(leaf: leaf, root: root).isValid)
        }
        for other in 0..<size where other != index {
          var forged = proof
          forged.leafIndex = UInt64(other)
          #expect(!forged.check(leaf: leaf, root: root).isValid)
        }
      }
    }
  }

  @Test func `a consistency proof with any hash changed, added or left out is refused`() throws {
    let (leaves, stored, _) = makeTree(33)
    let roots = (0...33).map { TreeReference.root(leaves.prefix($0)) }
    for new in 1...33 {
      for old in 1...new {
        let proof = try ConsistencyProof.prove(oldSize: old, newSize: new, reader: stored)
        for bad in mutations(of: proof.path) {
          let forged = ConsistencyProof(
            oldSize: UInt64(old), newSize: UInt64(new), path: bad)
          #expect(!forged.check(oldRoot: roots[old], newRoot: roots[new]).isValid)
        }
        #expect(!proof.check(oldRoot: .leaf([9]), newRoot: roots[new]).isValid)
        #expect(!proof.check(oldRoot: roots[old], newRoot: .leaf([9])).isValid)
      }
    }
  }

  @Test func `a proof from the empty tree is refused because it says nothing`() {
    let proof = ConsistencyProof(oldSize: 0, newSize: 1, path: [])
    #expect(!proof.check(oldRoot: .emptyTree, newRoot: .leaf([1])).isValid)
  }

  @Test func `proofs with sizes at the end of the number range are refused without a trap`() {
    let sizes: [UInt64] = [0, 1, 2, 1 << 63, .max - 1, .max]
    for first in sizes {
      for second in sizes {
        for count in [0, 1, 63, 64, 65, 128] {
          let path = [TreeHash](repeating: .leaf([0]), count: count)
          let inclusion = InclusionProof(leafIndex: first, treeSize: second, path: path)
          #expect(!inclusion.check(leaf: .leaf([1]), root: .leaf([2])).isValid)
          let consistency = ConsistencyProof(oldSize: first, newSize: second, path: path)
          #expect(!consistency.check(oldRoot: .leaf([1]), newRoot: .leaf([2])).isValid)
        }
      }
    }
  }

  /// Each hash changed, each left out, one added at either end.
  private func mutations(of path: [TreeHash]) -> [[TreeHash]] {
    var mutations = [path + [.leaf([7])], [.leaf([7])] + path]
    for index in path.indices {
      var changed = path
      changed[index] = .leaf([8])
      mutations.append(changed)
      var shorter = path
      shorter.remove(at: index)
      mutations.append(shorter)
    }
    return mutations
  }
}
