// All C++ of the package in one translation unit, since libtorch's headers take
// longer to read than our own code: 31 s of CPU instead of 77 s, in each clone.
// The parts are .hpp files because the go command rebuilds a package when one
// of those changes.
#include "arena.hpp"
#include "c10d.hpp"
#include "int8.hpp"
#include "isa.hpp"
#include "linears.hpp"
#include "nccl.hpp"
#include "rows.hpp"
#include "sequences.hpp"
#include "torchx.hpp"
