import Kernels

/// The cosine of the angle between two vectors of equal length; 0 if one of them is zero.
///
/// Sums are in double and in index order, so that the result is the same on every machine.
package func cosine(_ a: [Float], _ b: [Float]) -> Double {
  precondition(a.count == b.count, "vectors of \(a.count) and \(b.count) dimensions")
  var product = 0.0
  var squares = (0.0, 0.0)
  for index in a.indices {
    let (x, y) = (Double(a[index]), Double(b[index]))
    product += x * y
    squares.0 += x * x
    squares.1 += y * y
  }
  let norm = (squares.0 * squares.1).squareRoot()
  return norm > 0 ? product / norm : 0
}
