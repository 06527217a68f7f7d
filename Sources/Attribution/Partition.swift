/// Documents and the contributors they belong to: the two levels at which influence is measured.
///
/// A contributor is the union of its documents. Coalitions of documents are what a `Scorer` sees;
/// a coalition of contributors stands for all their documents.
package struct Partition: Sendable, Equatable {
  /// The documents of each contributor, by contributor.
  package let unions: [Coalition]
  /// The contributor of each document, by document.
  package let contributorOfDocument: [Int]

  /// Contributors are numbered from 0 without a gap.
  package init(contributorOfDocument: [Int]) {
    precondition(contributorOfDocument.count <= Coalition.capacity, "at most 64 documents")
    let count = (contributorOfDocument.max() ?? -1) + 1
    var unions = [Coalition](repeating: .nobody, count: count)
    for (document, contributor) in contributorOfDocument.enumerated() {
      unions[contributor] = unions[contributor].adding(document)
    }
    precondition(unions.allSatisfy { !$0.isEmpty }, "every contributor has a document")
    self.unions = unions
    self.contributorOfDocument = contributorOfDocument
  }

  package var contributors: Int { unions.count }
  package var documents: Int { contributorOfDocument.count }
  package var everyDocument: Coalition { .everyone(documents) }

  /// All documents of a coalition of contributors.
  package func documents(of contributors: Coalition) -> Coalition {
    contributors.members.reduce(.nobody) { $0.union(unions[$1]) }
  }
}

extension Partition {
  /// The contributors of a coalition of documents, or nil if it holds only some of anyone's.
  package func contributors(in documents: Coalition) -> [Int]? {
    let present = unions.indices.filter { unions[$0].bits & documents.bits != 0 }
    return self.documents(of: Coalition(present)) == documents ? present : nil
  }
}
