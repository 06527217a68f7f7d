import GGUF

/// Typed and bounded access to the metadata keys `<architecture>.<field>`.
struct ModelFields {
  let file: GGUFFile
  let prefix: String

  private func key(_ field: String) -> String { "\(prefix).\(field)" }

  func error(_ field: String, _ found: some Any, _ expected: String) -> GGUFError {
    GGUFError(file: file.path, field: key(field), found: "\(found)", expected: expected)
  }

  func hasTensor(_ name: String) -> Bool { file.tensors[name] != nil }

  func positive(_ field: String, atMost limit: Int) throws -> Int {
    try checked(field, file.int(key(field)), 1...limit)
  }

  func optional(_ field: String, in range: ClosedRange<Int>) throws -> Int? {
    try file.optionalInt(key(field)).map { try checked(field, $0, range) }
  }

  func optionalBool(_ field: String) throws -> Bool? { try file.optionalBool(key(field)) }
  func optionalString(_ field: String) throws -> String? { try file.optionalString(key(field)) }

  private func checked(_ field: String, _ value: Int, _ range: ClosedRange<Int>) throws -> Int {
    guard range.contains(value) else {
      throw error(field, value, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A positive, finite number; nil where the field is absent.
  func optionalPositive(_ field: String) throws -> Float? {
    guard let value = try file.optionalFloat(key(field)) else { return nil }
    guard value > 0, value.isFinite else { throw error(field, value, "a positive number") }
    return value
  }

  func epsilon(_ field: String) throws -> Float {
    let value = try file.float(key(field))
    guard value >= 0, value < 1 else { throw error(field, value, "a number from 0 to below 1") }
    return value
  }

  /// The token embedding's rows say how large the vocabulary is; `vocab_size` may not differ.
  func vocabulary() throws -> Int {
    let rows = try file.tensor("token_embd.weight").rows
    guard rows > 0, rows <= Int(Int32.max) else {
      throw GGUFError(
        file: file.path, field: "token_embd.weight", found: "\(rows) rows",
        expected: "one row per token")
    }
    if let size = try file.optionalInt(key("vocab_size")), size != rows {
      throw error("vocab_size", size, "\(rows), the rows of token_embd.weight")
    }
    return rows
  }

  func keyValueHeads(heads: Int) throws -> Int {
    let field = "attention.head_count_kv"
    let count = try optional(field, in: 1...heads) ?? heads
    guard heads % count == 0 else { throw error(field, count, "a divisor of \(heads) heads") }
    return count
  }

  func headDimension(width: Int, heads: Int) throws -> Int {
    let keys = try optional("attention.key_length", in: 1...(1 << 12))
    let values = try optional("attention.value_length", in: 1...(1 << 12))
    if let keys, keys != values ?? keys {
      throw error("attention.value_length", values ?? 0, "\(keys), the length of keys")
    }
    if let length = keys ?? values { return length }
    guard width % heads == 0 else {
      throw error("attention.head_count", heads, "a divisor of the embedding length \(width)")
    }
    return width / heads
  }

  /// Refuses what would be computed wrongly if it were ignored.
  func refuseExperts() throws {
    if let experts = try file.optionalInt(key("expert_count")), experts > 0 {
      throw error("expert_count", experts, "0: mixtures of experts are not supported")
    }
  }
}
