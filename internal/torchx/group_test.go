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

// three makes parameters, one larger than a bucket.
func three() (torchx.Params, []*ts.Tensor) {
	p := torchx.NewParams(gotch.CPU, true)
	return p, []*ts.Tensor{p.New("small", torchx.Ones, 3), p.New("large", torchx.Ones, 3000, 3000), p.New("last", torchx.Ones, 2, 2)}
}

// learn gives parameters a gradient that is factor everywhere.
func learn(params []*ts.Tensor, factor float64) error {
	s := torchx.Training(gotch.CPU)
	var total *ts.Tensor
	for _, p := range params {
		loss := s.Scale(s.Mean(p), factor*float64(p.Numel()))
		if total == nil {
			total = loss
		} else {
			total = s.Add(total, loss)
		}
	}
	if total != nil {
		s.Backward(total)
	}
	return s.Close()
}

func TestSum(t *testing.T) {
	for name, bf16 := range map[string]bool{"float32": false, "bfloat16": true} {
		t.Run(name, func(t *testing.T) {
			inGroup(t, 2, func(g *torchx.Group) error {
				for round := range 2 { // in the last one rank 1 has no gradient at all
					p, list := three()
					defer p.Drop()
					end, err := g.BeginSum(list, bf16)
					if err != nil {
						return err
					}
					mine := [][]*ts.Tensor{list[:2], list[1:2]}[g.Rank()]
					if round == 1 && g.Rank() == 1 {
						mine = nil
					}
					if err := learn(mine, float64(1+g.Rank())); err != nil {
						return err
					}
					notes := []float64{float64(g.Rank()), math.NaN(), 1e-300}
					if err := end(notes); err != nil {
						return err
					}
					if notes[0] != 1 || !math.IsNaN(notes[1]) || notes[2] != 2e-300 {
						t.Errorf("notes %v", notes)
					}
					for i, want := range [][]float32{{1, 3}, {1, 1}}[round] {
						for _, x := range grad(t, list[i]) {
							if math.Abs(float64(x-want)) > 1e-2 {
								t.Fatalf("round %d: gradient %v of %s, want %v", round, x, p.All()[i].Name, want)
							}
						}
					}
					if got := grad(t, list[2]); got != nil {
						t.Errorf("a gradient %v that no rank has", got)
					}
				}
				return nil
			})
		})
	}
}

// A sum begins within the backward pass: what comes after it is too late. Only the last
// bucket waits, for tied parameters that a second pass reaches again.
func TestSumBegins(t *testing.T) {
	inGroup(t, 2, func(g *torchx.Group) error {
		p, list := three()
		defer p.Drop()
		end, err := g.BeginSum(list, false)
		if err == nil {
			err = errors.Join(learn(list, 1), learn(list, 100), end(nil))
		}
		if err != nil {
			return err
		}
		for i, param := range list {
			want := 2.0
			if i == len(list)-1 {
				want = 2 * (1 + 100)
			}
			for _, x := range grad(t, param) {
				if math.Abs(float64(x)-want) > 1e-5 {
					t.Fatalf("gradient %v of %s, want %v", x, p.All()[i].Name, want)
				}
			}
		}
		return nil
	})
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

// BenchmarkSum adds up the gradients of a model of 66 million parameters, of two
// ranks on this machine.
func BenchmarkSum(b *testing.B) {
	for name, bf16 := range map[string]bool{"float32": false, "bfloat16": true} {
		b.Run(name, func(b *testing.B) {
			inGroup(b, 2, func(g *torchx.Group) error {
				p := torchx.NewParams(gotch.CPU, true)
				defer p.Drop()
				var list []*ts.Tensor
				for i := range 110 {
					list = append(list, p.New(strconv.Itoa(i), torchx.Ones, 600_000))
				}
				if err := learn(list, 1); err != nil {
					return err
				}
				b.ResetTimer()
				for range b.N {
					end, err := g.BeginSum(list, bf16)
					if err == nil {
						err = end([]float64{1})
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}
