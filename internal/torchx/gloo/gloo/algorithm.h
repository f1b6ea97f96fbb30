// The wheel of libtorch carries gloo, but not its headers. These declare as
// much of it as c10d's ProcessGroupGloo.hpp names.
#pragma once
