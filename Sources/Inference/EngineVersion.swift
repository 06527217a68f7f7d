/// The version of the engine's arithmetic; any change of a logit's bits raises it.
///
/// Traces carry it, because a validator can recompute a trace's numbers with the same version only.
package let engineVersion = 2
