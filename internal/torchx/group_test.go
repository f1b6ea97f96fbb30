package torchx_test

import (
	"errors"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// inGroup runs f as each rank of a group within this process.
func inGroup(t testing.TB, size int, f func(g *torchx.Group) error) {
	t.Helper()
	t.Setenv("GLOO_SOCKET_IFNAME", "lo")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	stores := make([]*torchx.Store, size)
	for rank := range stores {
		if stores[rank], err = torchx.OpenStore("127.0.0.1", port, rank == 0, "test", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	var side sync.WaitGroup
	for rank, store := range stores {
		side.Go(func() {
			g, err := torchx.OpenGroup(store, rank, size, time.Minute)
			if err == nil {
				err = f(g)
				g.Close()
			}
			if err != nil {
				t.Errorf("rank %d: %v", rank, err)
			}
		})
	}
	side.Wait()
	for _, store := range slices.Backward(stores) {
		store.Close()
	}
}

func TestStore(t *testing.T) {
	inGroup(t, 1, func(*torchx.Group) error { return nil }) // one alone is a group too
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := torchx.OpenStore("127.0.0.1", l.Addr().(*net.TCPAddr).Port, true, "", time.Second); err == nil || !strings.Contains(err.Error(), "keep the store at 127.0.0.1:") {
		t.Errorf("on a port that is taken: %v", err)
	}
}

func TestGather(t *testing.T) {
	inGroup(t, 3, func(g *torchx.Group) error {
		for _, length := range []int{0, 1, 1000} {
			mine := slices.Repeat([]byte{byte(g.Rank() + 1)}, g.Rank()*length)
			all, err := g.Gather(mine)
			if err != nil {
				return err
			}
			for rank, part := range all {
				if want := slices.Repeat([]byte{byte(rank + 1)}, rank*length); !slices.Equal(part, want) {
					t.Errorf("rank %d has %d bytes of rank %d, want %d", g.Rank(), len(part), rank, len(want))
				}
			}
		}
		return nil
	})
}

// learned makes parameters of which those named have the gradient factor·x each.
func learned(t *testing.T, with []int, factor float32) torchx.Params {
	t.Helper()
	p := torchx.NewParams(gotch.CPU, true)
	p.New("small", torchx.Ones, 3)
	p.New("large", torchx.Ones, 3000, 3000) // more than a bucket
	p.New("last", torchx.Ones, 2, 2)
	s := torchx.Training(gotch.CPU)
	for _, i := range with {
		s.Backward(s.Scale(s.Mean(p.All()[i].Tensor), float64(factor)*float64(p.All()[i].Tensor.Numel())))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return p
}

func TestSumGradients(t *testing.T) {
	for name, bf16 := range map[string]bool{"float32": false, "bfloat16": true} {
		t.Run(name, func(t *testing.T) {
			inGroup(t, 2, func(g *torchx.Group) error {
				p := learned(t, [][]int{{0, 1}, {1}}[g.Rank()], float32(1+g.Rank()))
				defer p.Drop()
				var list []*ts.Tensor
				for _, one := range p.All() {
					list = append(list, one.Tensor)
				}
				notes := []float64{float64(g.Rank()), math.NaN(), 1e-300}
				if err := g.SumGradients(list, notes, bf16); err != nil {
					return err
				}
				if notes[0] != 1 || !math.IsNaN(notes[1]) || notes[2] != 2e-300 {
					t.Errorf("notes %v", notes)
				}
				for i, want := range []float32{1, 3} {
					for _, x := range grad(t, list[i]) {
						if math.Abs(float64(x-want)) > 1e-2 {
							t.Fatalf("gradient %v of %s, want %v", x, p.All()[i].Name, want)
						}
					}
				}
				if got := grad(t, list[2]); got != nil {
					t.Errorf("a gradient %v that no rank has", got)
				}
				return nil
			})
		})
	}
}

func TestBroadcast(t *testing.T) {
	inGroup(t, 3, func(g *torchx.Group) error {
		p := torchx.NewParams(gotch.CPU, true)
		defer p.Drop()
		fill := torchx.Zeros
		if g.Rank() == 0 {
			fill = torchx.Ones
		}
		a, b := p.New("a", fill, 5), p.New("b", fill, 2, 3)
		if err := g.Broadcast([]*ts.Tensor{a, b}); err != nil {
			return err
		}
		if got := slices.Concat(values(t, a), values(t, b)); !slices.Equal(got, slices.Repeat([]float32{1}, 11)) {
			t.Errorf("rank %d has %v", g.Rank(), got)
		}
		return nil
	})
}

// A call whose group has broken up waits no longer for the others.
func TestLostGroup(t *testing.T) {
	gone, ended := make(chan struct{}), make(chan struct{})
	inGroup(t, 2, func(g *torchx.Group) error {
		if g.Rank() == 1 {
			<-ended
			return nil
		}
		defer close(ended)
		g.Lost = gone
		time.AfterFunc(50*time.Millisecond, func() { close(gone) })
		if _, err := g.Gather([]byte("a")); !errors.Is(err, torchx.ErrLost) {
			t.Errorf("error %v, want ErrLost", err)
		}
		return nil
	})
}

// BenchmarkSumGradients adds up the gradients of a model of 66 million
// parameters, of two ranks on this machine.
func BenchmarkSumGradients(b *testing.B) {
	for name, bf16 := range map[string]bool{"float32": false, "bfloat16": true} {
		b.Run(name, func(b *testing.B) {
			inGroup(b, 2, func(g *torchx.Group) error {
				p := torchx.NewParams(gotch.CPU, true)
				defer p.Drop()
				var list []*ts.Tensor
				s := torchx.Training(gotch.CPU)
				for i := range 110 {
					list = append(list, p.New(strconv.Itoa(i), torchx.Ones, 600_000))
					s.Backward(s.Mean(list[i]))
				}
				if err := s.Close(); err != nil {
					return err
				}
				b.ResetTimer()
				for range b.N {
					if err := g.SumGradients(list, []float64{1}, bf16); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}
