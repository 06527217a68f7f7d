import Corpus
import Foundation

/// The pages of an SQLite database, main file and write-ahead log together, read without SQLite.
///
/// Only databases made by this program are expected: one page size, UTF-8, the write-ahead log.
/// See https://www.sqlite.org/fileformat2.html.
struct DatabaseFile {
  static let pageByteCount = 4096

  /// Committed pages of the write-ahead log, in their order; later ones win.
  private(set) var logged: [(number: Int, bytes: [UInt8])] = []
  private var latest: [Int: Int] = [:]
  private let file: FileHandle
  let pageCount: Int

  /// Opens the files for reading; nobody may write meanwhile.
  init(path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw FileError("open", path, code: errno)
    }
    self.file = file
    pageCount = (Int(try file.seekToEnd()) + Self.pageByteCount - 1) / Self.pageByteCount
    guard let log = FileHandle(forReadingAtPath: path + "-wal") else { return }
    for frame in try WriteAheadLog(file: log).committedFrames() {
      latest[frame.number] = logged.count
      logged.append(frame)
    }
  }

  /// A page as the last commit left it; zeroes where the file is short.
  func page(_ number: Int) throws -> [UInt8]? {
    if let index = latest[number] { return logged[index].bytes }
    return try mainPage(number)
  }

  /// A page of the main file, which the write-ahead log may have superseded.
  func mainPage(_ number: Int) throws -> [UInt8]? {
    guard number >= 1, number <= pageCount else { return nil }
    try file.seek(toOffset: UInt64(number - 1) * UInt64(Self.pageByteCount))
    var bytes = Array(try file.read(upToCount: Self.pageByteCount) ?? Data())
    bytes += [UInt8](repeating: 0, count: Self.pageByteCount - bytes.count)
    return bytes
  }
}

/// The frames of a write-ahead log.
private struct WriteAheadLog {
  private let file: FileHandle

  init(file: FileHandle) { self.file = file }

  /// The frames up to the last commit whose chain of checksums holds; none if the head is damaged.
  func committedFrames() throws -> [(number: Int, bytes: [UInt8])] {
    try file.seek(toOffset: 0)
    let head = Array(try file.read(upToCount: 32) ?? Data())
    guard head.count == 32, let magic = head.bigEndian(0), magic & ~1 == 0x377f_0682,
      head.bigEndian(8) == UInt32(DatabaseFile.pageByteCount)
    else { return [] }
    var sums = Checksum(isBigEndian: magic & 1 == 1)
    sums.add(head[..<24])
    guard sums.first == head.bigEndian(24), sums.second == head.bigEndian(28) else { return [] }
    var frames: [(number: Int, bytes: [UInt8])] = []
    var committed = 0
    while let frame = try file.read(upToCount: 24 + DatabaseFile.pageByteCount),
      frame.count == 24 + DatabaseFile.pageByteCount
    {
      let bytes = Array(frame)
      sums.add(bytes[..<8])
      sums.add(bytes[24...])
      guard bytes[8..<16] == head[16..<24], sums.first == bytes.bigEndian(16),
        sums.second == bytes.bigEndian(20), let number = bytes.bigEndian(0), number > 0
      else { break }
      frames.append((Int(number), Array(bytes[24...])))
      if bytes.bigEndian(4) != 0 { committed = frames.count }
    }
    return Array(frames.prefix(committed))
  }

  /// The running checksum of a write-ahead log (file format, section 4.2).
  private struct Checksum {
    let isBigEndian: Bool
    var first: UInt32 = 0
    var second: UInt32 = 0

    mutating func add(_ bytes: ArraySlice<UInt8>) {
      var index = bytes.startIndex
      while index + 8 <= bytes.endIndex {
        first = first &+ word(bytes, index) &+ second
        second = second &+ word(bytes, index + 4) &+ first
        index += 8
      }
    }

    private func word(_ bytes: ArraySlice<UInt8>, _ index: Int) -> UInt32 {
      let (a, b) = (UInt32(bytes[index]), UInt32(bytes[index + 1]))
      let (c, d) = (UInt32(bytes[index + 2]), UInt32(bytes[index + 3]))
      return isBigEndian ? a << 24 | b << 16 | c << 8 | d : d << 24 | c << 16 | b << 8 | a
    }
  }
}

extension [UInt8] {
  /// The four bytes at `offset` as a number, the highest first.
  func bigEndian(_ offset: Int) -> UInt32? {
    guard offset >= 0, offset + 4 <= count else { return nil }
    return self[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
