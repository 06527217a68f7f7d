/// Typed access to metadata. A value of another type is an error, also for the optional getters.
extension GGUFFile {
  package func string(_ key: String) throws(GGUFError) -> String {
    try required(optionalString(key), key, "a string")
  }

  package func optionalString(_ key: String) throws(GGUFError) -> String? {
    try value(key, "a string") { if case .string(let text) = $0 { text } else { nil } }
  }

  /// An integer of any width and sign, if it fits in `Int`.
  package func int(_ key: String) throws(GGUFError) -> Int {
    try required(optionalInt(key), key, "an integer")
  }

  package func optionalInt(_ key: String) throws(GGUFError) -> Int? {
    try value(key, "an integer") { $0.integer }
  }

  package func float(_ key: String) throws(GGUFError) -> Float {
    try required(optionalFloat(key), key, "a floating-point number")
  }

  package func optionalFloat(_ key: String) throws(GGUFError) -> Float? {
    try value(key, "a floating-point number") { $0.floatingPoint }
  }

  package func bool(_ key: String) throws(GGUFError) -> Bool {
    try required(optionalBool(key), key, "a bool")
  }

  package func optionalBool(_ key: String) throws(GGUFError) -> Bool? {
    try value(key, "a bool") { if case .bool(let flag) = $0 { flag } else { nil } }
  }

  package func strings(_ key: String) throws(GGUFError) -> [String] {
    let array = try array(key, "an array of strings")
    // A string takes 16 bytes, and 48 more besides its own where it has more than 15.
    try array.requireAffordable(64, beyond: 0, path, key)
    var result: [String] = []
    result.reserveCapacity(array.count)
    try array.forEachString(file: path, field: key) { bytes throws(GGUFError) in
      guard let string = String(validating: bytes, as: UTF8.self) else {
        throw GGUFError(
          file: path, field: "\(key)[\(result.count)]", found: "bytes that are not UTF-8",
          expected: "UTF-8 text")
      }
      result.append(string)
    }
    return result
  }

  /// Calls `body` with each string's bytes, in order and without a copy; they need not be UTF-8.
  package func forEachString(
    _ key: String, _ body: (UnsafeRawBufferPointer) throws(GGUFError) -> Void
  ) throws(GGUFError) {
    try array(key, "an array of strings").forEachString(file: path, field: key, body)
  }

  package func ints(_ key: String) throws(GGUFError) -> [Int] {
    try array(key, "an array of integers")
      .values(file: path, field: key, expected: "an integer") { $0.integer }
  }

  package func floats(_ key: String) throws(GGUFError) -> [Float] {
    try array(key, "an array of floating-point numbers")
      .values(file: path, field: key, expected: "a floating-point number") { $0.floatingPoint }
  }

  package func bools(_ key: String) throws(GGUFError) -> [Bool] {
    try array(key, "an array of bools")
      .values(file: path, field: key, expected: "a bool") {
        if case .bool(let flag) = $0 { flag } else { nil }
      }
  }

  private func array(_ key: String, _ expected: String) throws(GGUFError) -> MetadataArray {
    let found = try value(key, expected) { if case .array(let array) = $0 { array } else { nil } }
    return try required(found, key, expected)
  }

  private func value<T>(
    _ key: String, _ expected: String, _ convert: (MetadataValue) -> T?
  ) throws(GGUFError) -> T? {
    guard let value = metadata[key] else { return nil }
    guard let converted = convert(value) else {
      throw GGUFError(file: path, field: key, found: value.summary, expected: expected)
    }
    return converted
  }

  private func required<T>(
    _ value: T?, _ key: String, _ expected: String
  ) throws(GGUFError) -> T {
    guard let value else {
      throw GGUFError(file: path, field: key, found: "no such key", expected: expected)
    }
    return value
  }
}
