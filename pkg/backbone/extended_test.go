package backbone_test

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// floats are the elements of little-endian float32.
func floats(data []byte) []float32 {
	list := make([]float32, len(data)/4)
	for i := range list {
		list[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return list
}

// New tokens get the mean of their pieces' rows, without pieces random ones; all else is the
// pretrained model's.
func TestLoadExtended(t *testing.T) {
	dir := filepath.Join(testdata, "plain")
	config, err := backbone.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	known, width := config.VocabSize, int(config.Dim)
	config.VocabSize += 2
	p := torchx.NewParams(gotch.CPU, true)
	t.Cleanup(p.Drop)
	if _, err := backbone.New(p.Sub("backbone"), config); err != nil {
		t.Fatal(err)
	}
	if err := backbone.LoadPretrained(dir, "backbone.", p); err == nil || !strings.Contains(err.Error(), "word_embeddings") {
		t.Errorf("without new tokens: the error is %v", err)
	}
	if err := backbone.LoadExtended(dir, "backbone.", p, map[int32][]int32{int32(known): {3, 5, 5}, int32(known) + 1: nil}); err != nil {
		t.Fatal(err)
	}
	want := plain(t)
	for _, param := range p.All() {
		data, err := torchx.Bytes(param.Tensor)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(param.Name, "backbone.")
		file, found := want[name]
		if !found {
			file = want["distilbert."+name]
		}
		if got := data[:len(file.Data)]; string(got) != string(file.Data) {
			t.Errorf("%s isn't the pretrained model's", param.Name)
		}
		if !strings.HasSuffix(param.Name, "word_embeddings.weight") {
			continue
		}
		rows := floats(data)
		var random float64
		for i := range width {
			mean := (rows[3*width+i] + 2*rows[5*width+i]) / 3
			if got := rows[int(known)*width+i]; math.Abs(float64(got-mean)) > 1e-6 {
				t.Fatalf("column %d of the new token is %v, want %v", i, got, mean)
			}
			random += math.Abs(float64(rows[(int(known)+1)*width+i]))
		}
		if random == 0 {
			t.Error("a token without pieces has a row of zeros")
		}
	}
	if err := backbone.LoadExtended(dir, "backbone.", p, map[int32][]int32{int32(known) + 2: {3}}); err == nil || !strings.Contains(err.Error(), "new token") {
		t.Errorf("a token past the last row: the error is %v", err)
	}
}
