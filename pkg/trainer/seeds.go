package trainer

import (
	"encoding/binary"
	"hash/fnv"
)

// stepSeed derives a step's random seed from the run's seed, so that its dropout doesn't
// depend on earlier steps. Step -1 is the shuffle of the epoch.
func stepSeed(seed uint64, epoch, step int) uint64 {
	var key [24]byte
	binary.LittleEndian.PutUint64(key[0:], seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(epoch))
	binary.LittleEndian.PutUint64(key[16:], uint64(step))
	hash := fnv.New64a()
	hash.Write(key[:])
	return hash.Sum64()
}
