/// A value of a coalition in millionths of a nat, an integer so that sums are exact everywhere.
package typealias MicroNats = Int64

/// Says what coalitions are worth; the only thing that attribution knows about a model.
///
/// Implementations return one value per coalition, in order, and the same value for the same
/// coalition whatever else is in the batch.
package protocol Scorer {
  associatedtype Failure: Error
  func values(of coalitions: [Coalition]) throws(Failure) -> [MicroNats]
}
