package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// legacyProtocol is the pickled number that follows the magic one.
var legacyProtocol = []byte("\x80\x02M\xe9\x03.")

// parseLegacyPT reads the format of torch.save before PyTorch 1.6, which it still writes if
// it is told not to write a zip archive. It is a sequence of pickles:
//
//	a magic number, a version
//	{"little_endian": true, …}
//	the dict, whose tensors refer to storages by key
//	the list of the keys
//
// and then, in the order of that list, the storages: each the number of its elements
// (int64), and the elements.
func parseLegacyPT(data []byte) (*File, error) {
	f, err := readLegacy(data)
	if err != nil {
		return nil, fmt.Errorf("PyTorch file of the format before 1.6: %w", err)
	}
	return f, nil
}

func readLegacy(data []byte) (*File, error) {
	rest := data[len(legacyMagic):]
	if len(rest) < len(legacyProtocol) || string(rest[:len(legacyProtocol)]) != string(legacyProtocol) {
		return nil, errors.New("its version is not supported: load and save it in Python")
	}
	rest = rest[len(legacyProtocol):]
	system, _, rest, err := nextPickle(rest)
	if err != nil {
		return nil, err
	}
	described, _ := system.(*pickleDict)
	if described.get("little_endian") != true {
		return nil, errors.New("its byte order is not little-endian: load and save it in Python on this machine")
	}
	root, storages, rest, err := nextPickle(rest)
	if err != nil {
		return nil, err
	}
	keys, _, rest, err := nextPickle(rest)
	if err != nil {
		return nil, err
	}
	list, ok := keys.(*pickleList)
	if !ok {
		return nil, fmt.Errorf("it has %s where the list of storages should be", kindOf(keys))
	}
	records := make(map[string][]byte, len(list.items))
	for _, item := range list.items {
		key, _ := item.(string)
		storage, known := storages[key]
		if !known {
			return nil, fmt.Errorf("storage %.40q belongs to no tensor", key)
		}
		const countSize = 8
		size, overflow := multiply(storage.count, storage.dtype.Size())
		if overflow || len(rest) < countSize || size > int64(len(rest)-countSize) {
			return nil, errors.New("the file is cut short, get it again")
		}
		if count := int64(binary.LittleEndian.Uint64(rest)); count != storage.count {
			return nil, fmt.Errorf("storage %.40q should hold %d elements, but has %d: the file is damaged, get it again", key, storage.count, count)
		}
		end := countSize + size
		records["data/"+key] = rest[countSize:end:end]
		rest = rest[end:]
	}
	return stateDict(root, records)
}

// nextPickle returns the value of the pickle at the beginning of in, the storages that it
// refers to, by key, and the rest of in.
func nextPickle(in []byte) (value any, storages map[string]pickleStorage, rest []byte, err error) {
	u := &unpickler{in: in[:min(len(in), maxPickle)], memo: map[uint32]any{}, storages: map[string]pickleStorage{}}
	value, err = u.run()
	if err != nil {
		return nil, nil, nil, err
	}
	return value, u.storages, in[u.at:], nil
}

// get returns the value of a key, nil if there is none.
func (d *pickleDict) get(key string) any {
	if d == nil {
		return nil
	}
	for i, k := range d.keys {
		if k == key {
			return d.values[i]
		}
	}
	return nil
}
