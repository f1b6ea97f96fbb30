package weights

import (
	"slices"
	"strings"
	"testing"
)

// Parts of pickles, as pickletools would spell them.
const (
	aProto   = "\x80\x02"
	aStorage = "(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ" // storage 0, 4 elements
	aRebuild = "ctorch._utils\n_rebuild_tensor_v2\n"
	aHooks   = "ccollections\nOrderedDict\n)R"
)

// stateDictOf reads a dict with the one entry w, which the code pushes.
func stateDictOf(code string) (*File, error) {
	root, err := unpickle([]byte(aProto + "}X\x01\x00\x00\x00w" + code + "s."))
	if err != nil {
		return nil, err
	}
	return stateDict(root, map[string][]byte{"data/0": {0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64}})
}

func rebuild(offset, size, stride string) string {
	return aRebuild + "(" + aStorage + offset + size + stride + "\x89" + aHooks + "tR"
}

func TestViewsOfAStorage(t *testing.T) {
	tests := []struct {
		name, code string
		shape      []int64
		want       []byte // the high byte of each float, which tells 1 to 4 apart
		err        string
	}{
		{name: "whole", code: rebuild("K\x00", "K\x04\x85", "K\x01\x85"), shape: []int64{4}, want: []byte{63, 64, 64, 64}},
		{name: "transposed", code: rebuild("K\x00", "K\x02K\x02\x86", "K\x01K\x02\x86"), shape: []int64{2, 2}, want: []byte{63, 64, 64, 64}},
		{name: "last", code: rebuild("K\x03", "K\x01\x85", "K\x01\x85"), shape: []int64{1}, want: []byte{64}},
		{name: "scalar", code: rebuild("K\x00", ")", ")"), shape: []int64{}, want: []byte{63}},
		{name: "repeated", code: rebuild("K\x00", "K\x03\x85", "K\x00\x85"), shape: []int64{3}, want: []byte{63, 63, 63}},
		{name: "empty at the end", code: rebuild("K\x04", "K\x00\x85", "K\x01\x85"), shape: []int64{0}},

		{name: "offset beyond", code: rebuild("K\x01", "K\x04\x85", "K\x01\x85"), err: "reach beyond"},
		{name: "empty beyond", code: rebuild("K\x05", "K\x00\x85", "K\x01\x85"), err: "reach beyond"},
		{name: "negative offset", code: rebuild("J\xff\xff\xff\xff", "K\x01\x85", "K\x01\x85"), err: "reach beyond"},
		{name: "huge offset", code: rebuild("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\x04\x85", "K\x01\x85"), err: "reach beyond"},
		{name: "stride beyond", code: rebuild("K\x00", "K\x03\x85", "K\x02\x85"), err: "reach beyond"},
		{name: "huge stride", code: rebuild("K\x00", "K\x03\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85"), err: "reach too far"},
		{name: "negative stride", code: rebuild("K\x03", "K\x04\x85", "J\xff\xff\xff\xff\x85"), err: "negative"},
		{name: "negative size", code: rebuild("K\x00", "J\xff\xff\xff\xff\x85", "K\x01\x85"), err: "negative"},
		{name: "size overflows", code: rebuild("K\x00", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x04\x86", "K\x00K\x00\x86"), err: "counted"},
		{name: "expansion bomb", code: rebuild("K\x00", "J\x00\x00\x00\x7f\x85", "K\x00\x85"), err: "too often"},
		{name: "ranks differ", code: rebuild("K\x00", "K\x04\x85", ")"), err: "differ in length"},
		{name: "size is text", code: rebuild("K\x00", "X\x01\x00\x00\x004", "K\x01\x85"), err: "size: a str"},
		{name: "size of floats", code: rebuild("K\x00", "G\x40\x10\x00\x00\x00\x00\x00\x00\x85", "K\x01\x85"), err: "a float"},
		{name: "offset is None", code: rebuild("N", "K\x04\x85", "K\x01\x85"), err: "the offset is None"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := stateDictOf(tt.code)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Tensor("w")
			if err != nil {
				t.Fatal(err)
			}
			var high []byte
			for element := range slices.Chunk(got.Data, 4) {
				high = append(high, element[3])
			}
			if !slices.Equal(got.Shape, tt.shape) || !slices.Equal(high, tt.want) {
				t.Errorf("shape %v, bytes %v; want %v, %v", got.Shape, high, tt.shape, tt.want)
			}
		})
	}
}

func TestHostilePickles(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{"nothing", "", "ends in the middle"},
		{"no value", ".", "too few values"},
		{"os.system", "cos\nsystem\n(X\x02\x00\x00\x00lstR.", `"os.system"`},
		{"eval", "cbuiltins\neval\n(X\x01\x00\x00\x000tR.", `"builtins.eval"`},
		{"a global's attribute", "ccollections\nOrderedDict.__reduce__\n.", `"collections.OrderedDict.__reduce__"`},
		{"global cut short", "cos\nsystem", "ends in the middle"},
		{"endless global", "c" + strings.Repeat("a", 1000) + "\nb\n.", "aaa"},
		{"INST", "(ios\nsystem\n.", "INST"},
		{"OBJ", "(cos\nsystem\no.", "os.system"},
		{"NEWOBJ", "ccollections\nOrderedDict\n)\x81.", "NEWOBJ"},
		{"STACK_GLOBAL", "\x93.", "STACK_GLOBAL"},
		{"EXT1", "\x82\x01.", "EXT1"},
		{"PERSID", "P0\n.", "PERSID"},
		{"unknown opcode", "\xff.", "opcode 0xff"},
		{"protocol 5", "\x80\x05.", "protocol 5"},
		{"call of a storage type", "ctorch\nFloatStorage\n)R.", "can't be called"},
		{"call of a tuple", "))R.", "can't be called"},
		{"call with a list", aHooks[:26] + "]R.", "not a tuple"},
		{"OrderedDict of pairs", "ccollections\nOrderedDict\n]\x85R.", "1 arguments"},
		{"too few tensor arguments", aRebuild + ")R.", "0 arguments"},
		{"conjugate view", aRebuild + "(" + aStorage + "K\x00K\x04\x85K\x01\x85\x89" + aHooks + "}X\x04\x00\x00\x00conj\x88stR.", "resolve_conj"},
		{"parameter of a dict", "ctorch._utils\n_rebuild_parameter\n}\x88}\x87R.", "of a dict"},
		{"parameter arguments", "ctorch._utils\n_rebuild_parameter\n}\x85R.", "1 arguments"},
		{"persistent id of another kind", "X\x01\x00\x00\x000Q.", "not a reference to a storage"},
		{"storage of unknown type", "(X\x07\x00\x00\x00storageNX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ.", "type is None"},
		{"storage of negative length", "(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuJ\xff\xff\xff\xfftQ.", "not a count"},
		{"storage key not text", "(X\x07\x00\x00\x00storagectorch\nFloatStorage\nK\x00X\x03\x00\x00\x00cpuK\x04tQ.", "key is an int"},
		{"text beyond the end", "X\xff\xff\xff\xffabc.", "ends in the middle"},
		{"text not UTF-8", "X\x01\x00\x00\x00\xff.", "UTF-8"},
		{"short text beyond the end", "U\xffabc.", "ends in the middle"},
		{"long beyond the end", "\x8a\x08\x00.", "ends in the middle"},
		{"long of 9 bytes", "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00.", "at most 8"},
		{"slot never filled", "h\x07.", "slot 7"},
		{"put of nothing", "q\x00.", "too few values"},
		{"tuple without mark", "t.", "no mark"},
		{"pop across a mark", "}(\x85.", "too few values"},
		{"set item on a list", "]NNs.", "a list is not a dict"},
		{"append to a dict", "}Na.", "a dict is not a list"},
		{"key without value", "}(Nu.", "without a value"},
		{"attributes of a list", "]}b.", "can't take attributes"},
		{"list that holds itself", "]q\x00h\x00a.", "holds a list"},
		{"deep nesting", strings.Repeat("(", 1<<16) + "." + strings.Repeat("t", 1<<16), "too few values"},
		{"deep tuple", ")" + strings.Repeat("\x85", 1<<16) + ".", "holds a tuple"},
		{"key is an int", "}K\x00Ns.", "key 0 is an int"},
		{"key is a tuple", "})Ns.", "key 0 is a tuple"},
		{"name twice", "}q\x00" + strings.Repeat("X\x01\x00\x00\x00w"+rebuild("K\x00", "K\x04\x85", "K\x01\x85")+"s", 2) + ".", "twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, err := unpickle([]byte(tt.code))
			if err == nil {
				_, err = stateDict(root, map[string][]byte{"data/0": make([]byte, 16)})
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			} else if len(err.Error()) > 500 {
				t.Errorf("the error takes %d bytes", len(err.Error()))
			}
		})
	}
}

func TestIntegers(t *testing.T) {
	for _, want := range []int64{0, 255, 256, 65535, 65536, 1<<31 - 1, 1 << 31, 1<<63 - 1, -1, -1 << 31, -1<<31 - 1, -1 << 63} {
		p := &pickler{}
		p.integer(want)
		p.op(opStop)
		if got, err := unpickle(p.out); err != nil || got != want {
			t.Errorf("%d came back as %v, %v", want, got, err)
		}
	}
	for code, want := range map[string]int64{"\x8a\x00.": 0, "\x8a\x01\xff.": -1, "\x8a\x02\xff\x00.": 255} {
		if got, err := unpickle([]byte(code)); err != nil || got != want {
			t.Errorf("%q gave %v, %v; want %d", code, got, err, want)
		}
	}
}
