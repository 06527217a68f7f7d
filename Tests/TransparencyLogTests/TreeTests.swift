import Testing

@testable import TransparencyLog

@Suite struct TreeTests {
  @Test func `the hash of a tree is the recursive definition's for every size up to 100`() throws {
    for size in 0...100 {
      let tree = makeTree(size)
      #expect(tree.frontier.root == TreeReference.root(tree.leaves[...]))
      #expect(tree.frontier.size == size)
      #expect(try Frontier(size: size, reader: tree.stored) == tree.frontier)
    }
  }

  @Test func `the roots are those of certificate transparency's own test vectors`() {
    // Inputs and roots of the reference implementation of RFC 6962.
    let inputs: [[UInt8]] = [
      [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
      Array(0x50...0x57), Array(0x60...0x6f),
    ]
    let roots = [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    var frontier = Frontier()
    #expect(
      frontier.root.description
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    for (input, root) in zip(inputs, roots) {
      _ = frontier.append(.leaf(input))
      #expect(frontier.root.description == root)
    }
  }

  @Test func `appending stores at most one hash per level and every node once`() {
    var stored = 0
    var frontier = Frontier()
    for size in 1...1000 {
      let new = frontier.append(.leaf([1]))
      #expect(new.count <= 1 + Int.bitWidth - size.leadingZeroBitCount)
      stored += new.count
      #expect(NodePosition.storedCount(leaves: size) == stored)
    }
  }

  @Test func `storage indexes name each node once without gaps`() {
    let leaves = 128
    var indexes: Set<Int> = []
    for level in 0...7 {
      for index in 0..<(leaves >> level) {
        indexes.insert(NodePosition(level: level, index: index).storageIndex)
      }
    }
    #expect(indexes == Set(0..<NodePosition.storedCount(leaves: leaves)))
  }

  @Test func `reading a hash that is not stored is an error that says which`() {
    let error = #expect(throws: MissingHash.self) {
      try InclusionProof.prove(leafIndex: 0, treeSize: 8, reader: makeTree(5).stored)
    }
    #expect(error?.description.contains("expected an index below 8") == true)
  }

  @Test(arguments: [0, 31, 33, 64]) func `a hash has 32 bytes`(count: Int) {
    #expect(TreeHash(bytes: [UInt8](repeating: 0, count: count)) == nil)
  }
}
