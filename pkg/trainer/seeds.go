package trainer

import (
	"encoding/binary"
	"hash/fnv"
)

// stepSeed derives the random generator's seed of one step from the run's
// seed, so that a step's dropout depends on nothing that came before it. Step
// -1 is the epoch's shuffle.
func stepSeed(seed uint64, epoch, step int) uint64 {
	var key [24]byte
	binary.LittleEndian.PutUint64(key[0:], seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(epoch))
	binary.LittleEndian.PutUint64(key[16:], uint64(step))
	hash := fnv.New64a()
	hash.Write(key[:])
	return hash.Sum64()
}
