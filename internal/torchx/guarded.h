// What the C functions share: handles, and exceptions turned into messages.
#pragma once
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cstring>

#include "torchx.h"

namespace tx {

inline at::Tensor &T(tx_tensor t) { return *static_cast<at::Tensor *>(t); }

// guarded turns exceptions into messages, without libtorch's C++ backtrace.
template <class F>
char *guarded(F &&f) {
  try {
    f();
    return nullptr;
  } catch (const c10::Error &e) {
    return strdup(e.what_without_backtrace());
  } catch (const std::exception &e) {
    return strdup(e.what());
  } catch (...) {
    return strdup("unknown C++ exception");
  }
}

}  // namespace tx
