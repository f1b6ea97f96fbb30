// How a product of rows and weights is shared among threads.
#pragma once
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

namespace tx {

// each_block calls f(block, begin, end) for all rows of all blocks of outputs. A
// thread has whole blocks, so that it reads its share of the weights only. Where
// there are too few blocks for that to be fair, rows are cut, at multiples of tile.
template <class F>
void each_block(int64_t rows, int64_t tile, int64_t blocks, F f) {
  if (!blocks) return;
  const int64_t tiles = (rows + tile - 1) / tile, wanted = 4 * at::get_num_threads();
  const int64_t cuts = std::max<int64_t>(1, std::min(tiles, (wanted + blocks - 1) / blocks));
  at::parallel_for(0, blocks * cuts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t cut = i % cuts;
      f(i / cuts, tiles * cut / cuts * tile, std::min(rows, tiles * (cut + 1) / cuts * tile));
    }
  });
}

}  // namespace tx
