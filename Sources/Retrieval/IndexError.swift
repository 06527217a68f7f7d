import Corpus
import GRDB

/// An index that cannot be used, and what to do about it.
package enum IndexError: Error, Equatable, CustomStringConvertible {
  /// The file is no database or its content contradicts itself.
  case damaged(path: String, detail: String)
  /// The file was written by a newer version of the program.
  case newer(path: String)
  /// Another process kept the file locked.
  case busy(path: String)
  /// SQLite failed otherwise: a full disk, missing permissions.
  case failed(path: String, detail: String)
  /// The embedder broke its promise.
  case embedding(found: String, expected: String)

  package var description: String {
    switch self {
    case .damaged(let path, let detail):
      "\(path): the search index is damaged (\(detail)); it holds nothing that the shards do not: "
        + "delete it and it is built again: rm -f \(path)*"
    case .newer(let path):
      "\(path): the search index was made by a newer version of tributary; update tributary, or "
        + "delete it and it is built again: rm -f \(path)*"
    case .busy(let path):
      "\(path): another process is writing the search index; try again in a moment"
    case .failed(let path, let detail): "\(path): the search index cannot be used: \(detail)"
    case .embedding(let found, let expected): "embedding: found \(found), expected \(expected)"
    }
  }

  /// Runs `body` and says in an index's terms what SQLite says.
  static func translating<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw IndexError(error, path: path)
    } catch let error as FileError {
      throw IndexError.failed(path: path, detail: "\(error)")
    } catch let error as RowDecodingError {
      throw IndexError.damaged(path: path, detail: "\(error)")
    }
  }

  private init(_ error: DatabaseError, path: String) {
    let detail = error.message ?? "\(error.resultCode)"
    switch error.resultCode.primaryResultCode {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT, .SQLITE_ERROR:
      self = .damaged(path: path, detail: detail)
    case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(path: path)
    default: self = .failed(path: path, detail: detail)
    }
  }
}
