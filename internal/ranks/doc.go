// Package ranks makes one program of several processes: it finds out which of
// them this is, from flags or from what a scheduler says, brings them together
// through libtorch's c10d, and notices when one is gone.
package ranks
