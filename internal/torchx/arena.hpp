#include "arena.h"

#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

namespace {

// glibc hands freed large blocks back to the kernel, and the next step faults
// their pages in again; told not to, it lets small blocks settle between them,
// and as batches differ in length the process grows from step to step. Here
// only large blocks lie side by side: what a step frees closes up again.
struct Arena final : c10::Allocator {
  static constexpr size_t small = 32 << 10;   // below that glibc serves
  static constexpr size_t unit = 4096;        // blocks are multiples of it
  static constexpr size_t header = 64;        // in front of the data: the block's size; keeps the alignment
  static constexpr size_t region = 256 << 20;  // taken of the kernel at once; untouched pages cost nothing
  static constexpr size_t huge = 2 << 20;     // a huge page

  std::mutex mutex;
  std::map<char *, size_t> gaps;  // free blocks by address: neighbours are joined
  std::map<char *, size_t> regions;
  size_t used = 0;

  // find takes the first gap that is large enough, which keeps low what is in use.
  char *find(size_t size) {
    auto gap = std::find_if(gaps.begin(), gaps.end(), [&](const auto &g) { return g.second >= size; });
    if (gap == gaps.end()) return nullptr;
    char *block = gap->first;
    size_t left = gap->second - size;
    gap = gaps.erase(gap);
    if (left) gaps.emplace_hint(gap, block + size, left);
    return block;
  }

  void release(char *block, size_t size) {
    auto next = gaps.lower_bound(block);
    if (next != gaps.end() && block + size == next->first) size += next->second, next = gaps.erase(next);
    if (next != gaps.begin()) {
      auto before = std::prev(next);
      if (before->first + before->second == block) {
        before->second += size;
        return;
      }
    }
    gaps.emplace_hint(next, block, size);
  }

  bool grow(size_t size) {
    size = (std::max(size, region) + huge - 1) / huge * huge;
    void *memory = mmap(nullptr, size + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    char *start = reinterpret_cast<char *>((reinterpret_cast<uintptr_t>(memory) + huge - 1) / huge * huge);
    madvise(start, size, MADV_HUGEPAGE);
    release(start, size);
    regions.emplace(start, size);
    return true;
  }

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes < small) return c10::GetDefaultCPUAllocator()->allocate(bytes);
    size_t size = (bytes + header + unit - 1) / unit * unit;
    std::unique_lock<std::mutex> lock(mutex);
    char *block = find(size);
    if (!block && grow(size)) block = find(size);
    if (!block) {
      lock.unlock();
      return c10::GetDefaultCPUAllocator()->allocate(bytes);  // its error says how much was asked for
    }
    used += size;
    memcpy(block, &size, sizeof size);
    return {block + header, block + header, &free_block, c10::Device(c10::kCPU)};
  }

  bool owns(char *block) const {
    auto after = regions.upper_bound(block);
    return after != regions.begin() && std::prev(after)->first + std::prev(after)->second > block;
  }

  static void free_block(void *data);
  static void free_raw(void *data);
  c10::DeleterFnPtr raw_deleter() const override { return &free_raw; }
  void copy_data(void *to, const void *from, size_t count) const override { default_copy_data(to, from, count); }
};

// arena lives as long as the process: tensors may be freed at its very end.
Arena &arena() {
  static Arena *a = new Arena;
  return *a;
}

void Arena::free_block(void *data) {
  char *block = static_cast<char *>(data) - header;
  size_t size;
  memcpy(&size, block, sizeof size);
  std::lock_guard<std::mutex> lock(arena().mutex);
  arena().used -= size;
  arena().release(block, size);
}

// free_raw frees what raw_allocate gave: a block of the arena's, or one of glibc's.
void Arena::free_raw(void *data) {
  std::unique_lock<std::mutex> lock(arena().mutex);
  bool ours = arena().owns(static_cast<char *>(data) - header);
  lock.unlock();
  ours ? free_block(data) : c10::GetDefaultCPUAllocator()->raw_deallocate(data);
}

}  // namespace

void tx_use_arena(void) { c10::SetCPUAllocator(&arena(), 1); }

int64_t tx_arena_bytes(int64_t *mapped) {
  std::lock_guard<std::mutex> lock(arena().mutex);
  *mapped = 0;
  for (const auto &region : arena().regions) *mapped += static_cast<int64_t>(region.second);
  return static_cast<int64_t>(arena().used);
}
