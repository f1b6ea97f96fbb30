package ranks_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/ranks"
)

// places are those of processes on this machine, with a port that is free.
func places(t *testing.T, size int) []ranks.Place {
	t.Helper()
	t.Setenv("GLOO_SOCKET_IFNAME", "lo")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var list []ranks.Place
	for rank := range size {
		list = append(list, ranks.Place{Rank: rank, Size: size, LocalRank: rank, LocalSize: size, Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port})
	}
	return list
}

// together runs f for each place side by side, and returns the errors.
func together(list []ranks.Place, f func(i int, p ranks.Place) error) []error {
	errs := make([]error, len(list))
	var side sync.WaitGroup
	for i, p := range list {
		side.Go(func() { errs[i] = f(i, p) })
	}
	side.Wait()
	return errs
}

const patience = time.Minute // of tests in which all come

func TestTeam(t *testing.T) {
	var mu sync.Mutex
	var order []int
	for rank, err := range together(places(t, 3), func(_ int, p ranks.Place) error {
		team, err := ranks.Join(t.Context(), p, patience)
		if err != nil {
			return err
		}
		if data, err := team.Share([]byte{byte(7 + p.Rank)}); err != nil || string(data) != "\a" {
			t.Errorf("rank %d is told %v, %v; want 7", p.Rank, data, err)
		}
		err = team.InTurn(func() error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, p.Rank)
			return nil
		})
		if err != nil {
			return err
		}
		return team.Close()
	}) {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
	if len(order) != 3 || order[0] != 0 {
		t.Errorf("turns %v, want rank 0 first", order)
	}
}

// What one rank fails of ends the others, which say so.
func TestFailureEndsAll(t *testing.T) {
	mine := errors.New("my own fault")
	errs := together(places(t, 3), func(_ int, p ranks.Place) error {
		team, err := ranks.Join(t.Context(), p, patience)
		if err != nil {
			return err
		}
		if p.Rank == 1 {
			return team.Fail(mine)
		}
		_, err = team.Gather([]byte("never complete"))
		return team.Fail(err)
	})
	if !errors.Is(errs[1], mine) {
		t.Errorf("rank 1 ends with %v", errs[1])
	}
	for _, rank := range []int{0, 2} {
		if err := errs[rank]; !errors.Is(err, ranks.ErrLost) || !strings.Contains(err.Error(), "rank 1 has failed: my own fault") {
			t.Errorf("rank %d ends with %v", rank, err)
		}
	}
}

// wire hands on what goes to a port, until it is cut: then connections hang.
type wire struct {
	port int
	cut  chan struct{}
}

func newWire(t *testing.T, to int) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &wire{l.Addr().(*net.TCPAddr).Port, make(chan struct{})}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(to)))
			if err != nil {
				near.Close()
				continue
			}
			go w.carry(far, near)
			go w.carry(near, far)
		}
	}()
	return w
}

func (w *wire) carry(to, from net.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		select {
		case <-w.cut:
			return // what was read is lost, and nothing is closed
		default:
		}
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			to.Close()
			return
		}
	}
}

// A machine that is cut off from the store says so, and so does rank 0.
func TestCutOff(t *testing.T) {
	list := places(t, 2)
	w := newWire(t, list[0].Port)
	list[1].Port = w.port
	for rank, err := range together(list, func(_ int, p ranks.Place) error {
		team, err := ranks.Join(t.Context(), p, 3*time.Second)
		if err != nil {
			return err
		}
		if _, err := team.Gather(nil); err != nil {
			return err
		}
		if p.Rank == 1 {
			close(w.cut)
			return team.Fail(team.InTurn(func() error { return nil })) // which asks the store
		}
		for err == nil { // rank 0 goes on by itself
			_, err = team.Gather(nil)
		}
		return team.Fail(err)
	}) {
		want := []string{"rank 1 has given no sign of life for 3s", "rank 1: the group of processes has broken up: rank 0, which keeps the store, has not answered for 3s"}[rank]
		if !errors.Is(err, ranks.ErrLost) || !strings.Contains(err.Error(), want) {
			t.Errorf("rank %d ends with %v, want %q", rank, err, want)
		}
	}
}

func TestRefusedTeams(t *testing.T) {
	for name, test := range map[string]struct {
		size    int
		change  func(list []ranks.Place) []ranks.Place
		timeout time.Duration
		want    []string // one of them is in each error
	}{
		"another size": {2, func(list []ranks.Place) []ranks.Place { list[1].Size = 3; return list }, patience, []string{"was told of 3 processes", "was told of 2 processes", "store"}},
		"one twice":    {3, func(list []ranks.Place) []ranks.Place { list[2].Rank = 1; return list }, time.Second, []string{"two processes are rank 1", "rank 2 of 3 didn't come", "store"}},
		"one missing":  {3, func(list []ranks.Place) []ranks.Place { return list[:2] }, time.Second, []string{"rank 2 of 3 didn't come", "store"}},
	} {
		t.Run(name, func(t *testing.T) {
			var all []string
			for i, err := range together(test.change(places(t, test.size)), func(_ int, p ranks.Place) error {
				_, err := ranks.Join(t.Context(), p, test.timeout)
				return err
			}) {
				if err == nil {
					t.Fatalf("process %d has joined", i)
				}
				all = append(all, err.Error())
				found := false
				for _, want := range test.want {
					found = found || strings.Contains(err.Error(), want)
				}
				if !found {
					t.Errorf("process %d: %v", i, err)
				}
			}
			if !strings.Contains(strings.Join(all, "\n"), test.want[0]) {
				t.Errorf("nobody says %q: %q", test.want[0], all)
			}
		})
	}
}

// A signal ends the wait for the others.
func TestJoinEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := ranks.Join(ctx, places(t, 2)[0], patience); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
