import Corpus
import Foundation
import GRDB

/// The embeddings of all chunks that own their cluster, in one flat array.
///
/// Rows are in the order of shards (earliest first), paths and offsets, which is also how ties are
/// broken.
struct VectorTable {
  let generation: Int
  let dimensions: Int
  private(set) var ids: [Int64] = []
  private var scales: [Float] = []
  private var values: [Int8] = []
  private var rows: [Int64: Int] = [:]

  struct Match {
    let id: Int64
    let cosine: Float
  }

  /// Reads the vectors that the embedder of this fingerprint made.
  init(_ database: Database, fingerprint: String, dimensions: Int, path: String) throws {
    generation = try IndexState.generation(database)
    self.dimensions = dimensions
    let cursor = try Row.fetchCursor(
      database,
      sql: """
        SELECT chunk.id, embedding.scale, embedding.vector
        FROM shard JOIN document ON document.shard = shard.id
          JOIN chunk ON chunk.document = document.id
          JOIN embedding ON embedding.id = chunk.embedding
        WHERE chunk.duplicateOf IS NULL AND document.fingerprint = ?
        ORDER BY shard.position, shard.root, document.path, chunk.start
        """, arguments: [fingerprint])
    while let row = try cursor.next() {
      let vector: Data = row[2]
      guard vector.count == dimensions else {
        throw IndexError.damaged(
          path: path, detail: "an embedding of \(vector.count) bytes instead of \(dimensions)")
      }
      append(id: row[0], scale: row[1], vector: vector)
    }
  }

  private mutating func append(id: Int64, scale: Float, vector: Data) {
    rows[id] = ids.count
    ids.append(id)
    scales.append(scale)
    vector.withUnsafeBytes { values.append(contentsOf: $0.bindMemory(to: Int8.self)) }
  }

  /// The place of a chunk in the order of precedence, which also breaks ties.
  func order(of id: Int64) -> Int { rows[id] ?? .max }

  func cosine(of id: Int64, with query: QuantizedVector) -> Float? {
    rows[id].map { cosine(row: $0, with: query) }
  }

  /// The `count` nearest chunks, nearest first.
  func nearest(_ query: QuantizedVector, count: Int) -> [Match] {
    guard query.values.count == dimensions, count > 0 else { return [] }
    var best: [(cosine: Float, row: Int)] = []
    var worst = -Float.infinity
    for row in ids.indices {
      let cosine = cosine(row: row, with: query)
      if best.count == count, cosine <= worst { continue }
      // Equal cosines keep the order of the rows: the new one goes after them.
      let place = best.partitioningIndex { $0.cosine < cosine }
      best.insert((cosine, row), at: place)
      if best.count > count { best.removeLast() }
      worst = best[best.count - 1].cosine
    }
    return best.map { Match(id: ids[$0.row], cosine: $0.cosine) }
  }

  private func cosine(row: Int, with query: QuantizedVector) -> Float {
    let start = row * dimensions
    let stored = values.span.extracting(start..<(start + dimensions))
    let asked = query.values.span.extracting(0..<dimensions)
    var product: Int32 = 0
    for index in 0..<dimensions {
      product &+= Int32(stored[index]) &* Int32(asked[index])
    }
    return Float(product) * (scales[row] * query.scale)
  }
}

extension Array {
  /// The first index whose element satisfies `predicate`, where all later ones do as well.
  fileprivate func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
