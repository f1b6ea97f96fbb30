package torchx

// #include <stdlib.h>
// #include "c10d.h"
import "C"

import (
	"fmt"
	"net"
	"strconv"
	"time"
	"unsafe"
)

// Store is c10d's TCPStore: keys and values that processes share. A Store may be
// used by several goroutines, but while one waits in Get, so do the others.
type Store struct{ ptr C.tx_store }

// OpenStore connects to the store at host:port or, with serve, hosts it there until Close.
// All keys get the prefix. No call waits longer than timeout.
func OpenStore(host string, port int, serve bool, prefix string, timeout time.Duration) (*Store, error) {
	h, p := C.CString(host), C.CString(prefix)
	defer C.free(unsafe.Pointer(h))
	defer C.free(unsafe.Pointer(p))
	s := &Store{}
	if err := nativeError(C.tx_store_open(&s.ptr, h, C.int(port), C.bool(serve), p, C.int64_t(timeout.Milliseconds()))); err != nil {
		what := "connect to"
		if serve {
			what = "keep"
		}
		return nil, fmt.Errorf("%s the store at %s: %w", what, net.JoinHostPort(host, strconv.Itoa(port)), err)
	}
	return s, nil
}

// Clone opens a second connection, which doesn't wait for the first.
func (s *Store) Clone() (*Store, error) {
	other := &Store{}
	if err := nativeError(C.tx_store_clone(&other.ptr, s.ptr)); err != nil {
		return nil, fmt.Errorf("connect to the store again: %w", err)
	}
	return other, nil
}

// Close closes the connection, and the store on its host.
func (s *Store) Close() { C.tx_store_close(s.ptr) }

// Set sets a key's value.
func (s *Store) Set(key, value string) error {
	return s.do("set", key, func(k *C.char) *C.char {
		return C.tx_store_set(s.ptr, k, unsafe.Pointer(unsafe.StringData(value)), C.size_t(len(value)))
	})
}

// Get waits for a key, and returns its value.
func (s *Store) Get(key string) (value string, err error) {
	err = s.do("get", key, func(k *C.char) *C.char {
		var data *C.char
		var n C.size_t
		message := C.tx_store_get(&data, &n, s.ptr, k)
		if message == nil {
			value = C.GoStringN(data, C.int(n))
			C.free(unsafe.Pointer(data))
		}
		return message
	})
	return value, err
}

// Add adds n to a key's number, 0 at first, and returns the sum.
func (s *Store) Add(key string, n int64) (sum int64, err error) {
	err = s.do("add to", key, func(k *C.char) *C.char {
		var out C.int64_t
		message := C.tx_store_add(&out, s.ptr, k, C.int64_t(n))
		sum = int64(out)
		return message
	})
	return sum, err
}

// Has reports whether a key has a value.
func (s *Store) Has(key string) (has bool, err error) {
	err = s.do("look for", key, func(k *C.char) *C.char {
		var out C.bool
		message := C.tx_store_has(&out, s.ptr, k)
		has = bool(out)
		return message
	})
	return has, err
}

// Delete removes a key.
func (s *Store) Delete(key string) error {
	return s.do("delete", key, func(k *C.char) *C.char { return C.tx_store_delete(s.ptr, k) })
}

func (s *Store) do(what, key string, f func(key *C.char) *C.char) error {
	k := C.CString(key)
	defer C.free(unsafe.Pointer(k))
	if err := nativeError(f(k)); err != nil {
		return fmt.Errorf("%s %q in the store: %w", what, key, err)
	}
	return nil
}
