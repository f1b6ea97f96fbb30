package weights

import "fmt"

// opcode is one instruction of Python's pickle language.
type opcode byte

// The instructions that a state dict needs, which are those that torch.load
// takes with weights_only=True, less the creation of objects and sets.
const (
	opProto        opcode = 0x80
	opStop         opcode = '.'
	opMark         opcode = '('
	opGlobal       opcode = 'c'
	opReduce       opcode = 'R'
	opBuild        opcode = 'b'
	opPersistentID opcode = 'Q'

	opNone        opcode = 'N'
	opTrue        opcode = 0x88
	opFalse       opcode = 0x89
	opInt8        opcode = 'K'
	opInt16       opcode = 'M'
	opInt32       opcode = 'J'
	opLong        opcode = 0x8a
	opFloat       opcode = 'G'
	opUnicode     opcode = 'X'
	opShortString opcode = 'U'

	opEmptyTuple opcode = ')'
	opTuple1     opcode = 0x85
	opTuple2     opcode = 0x86
	opTuple3     opcode = 0x87
	opTuple      opcode = 't'
	opEmptyList  opcode = ']'
	opAppend     opcode = 'a'
	opAppends    opcode = 'e'
	opEmptyDict  opcode = '}'
	opSetItem    opcode = 's'
	opSetItems   opcode = 'u'

	opPut     opcode = 'q'
	opLongPut opcode = 'r'
	opGet     opcode = 'h'
	opLongGet opcode = 'j'
)

// opcodeNames holds the names that Python's pickletools gives.
var opcodeNames = map[opcode]string{
	opProto: "PROTO", opStop: "STOP", opMark: "MARK", opGlobal: "GLOBAL", opReduce: "REDUCE", opBuild: "BUILD",
	opPersistentID: "BINPERSID", opNone: "NONE", opTrue: "NEWTRUE", opFalse: "NEWFALSE", opInt8: "BININT1",
	opInt16: "BININT2", opInt32: "BININT", opLong: "LONG1", opFloat: "BINFLOAT", opUnicode: "BINUNICODE",
	opShortString: "SHORT_BINSTRING", opEmptyTuple: "EMPTY_TUPLE", opTuple1: "TUPLE1", opTuple2: "TUPLE2",
	opTuple3: "TUPLE3", opTuple: "TUPLE", opEmptyList: "EMPTY_LIST", opAppend: "APPEND", opAppends: "APPENDS",
	opEmptyDict: "EMPTY_DICT", opSetItem: "SETITEM", opSetItems: "SETITEMS", opPut: "BINPUT", opLongPut: "LONG_BINPUT",
	opGet: "BINGET", opLongGet: "LONG_BINGET",

	// Known, and refused.
	'0': "POP", '1': "POP_MARK", '2': "DUP", 'I': "INT", 'L': "LONG", 'F': "FLOAT", 'S': "STRING", 'T': "BINSTRING",
	'V': "UNICODE", 'B': "BINBYTES", 'C': "SHORT_BINBYTES", 'd': "DICT", 'l': "LIST", 'p': "PUT", 'g': "GET",
	'i': "INST", 'o': "OBJ", 'P': "PERSID", 0x81: "NEWOBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8b: "LONG4",
	0x8c: "SHORT_BINUNICODE", 0x8d: "BINUNICODE8", 0x8e: "BINBYTES8", 0x8f: "EMPTY_SET", 0x90: "ADDITEMS",
	0x91: "FROZENSET", 0x92: "NEWOBJ_EX", 0x93: "STACK_GLOBAL", 0x94: "MEMOIZE", 0x95: "FRAME", 0x96: "BYTEARRAY8",
	0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
}

func (op opcode) String() string {
	if name, ok := opcodeNames[op]; ok {
		return name
	}
	return fmt.Sprintf("opcode 0x%02x", byte(op))
}
