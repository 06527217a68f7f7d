import CIntrinsics

/// Rotates pairs of each head by the angle of the token's position.
///
/// Neighbours (2i, 2i + 1) when interleaved, otherwise (i, i + rotated / 2). Products are rounded before they are added.
@inline(never)
func rope(
  _ job: UnsafePointer<ci_rope>, _ x: UnsafeMutablePointer<Float>, _ firstToken: Int, _ tokens: Int
) {
  let j = job.pointee
  let half = j.rotated / 2
  for t in firstToken..<firstToken &+ tokens {
    let table = Int(j.positions[t]) &* half
    for h in 0..<j.heads {
      let head = x + (t &* j.stride &+ h &* j.head_dimension)
      if j.interleaved != 0 {
        rotateNeighbours(head, j.cosines + table, j.sines + table, half)
      } else {
        rotateHalves(head, j.cosines + table, j.sines + table, half)
      }
    }
  }
}

@inline(__always)
private func rotateNeighbours(
  _ head: UnsafeMutablePointer<Float>, _ cosines: UnsafePointer<Float>,
  _ sines: UnsafePointer<Float>, _ half: Int
) {
  for i in 0..<half {
    let a = head[2 &* i]
    let b = head[2 &* i &+ 1]
    head[2 &* i] = a * cosines[i] - b * sines[i]
    head[2 &* i &+ 1] = a * sines[i] + b * cosines[i]
  }
}

@inline(__always)
private func rotateHalves(
  _ head: UnsafeMutablePointer<Float>, _ cosines: UnsafePointer<Float>,
  _ sines: UnsafePointer<Float>, _ half: Int
) {
  for i in 0..<half {
    let a = head[i]
    let b = head[i &+ half]
    head[i] = a * cosines[i] - b * sines[i]
    head[i &+ half] = a * sines[i] + b * cosines[i]
  }
}
