// Runs the grid of a kernel on the calling thread.
#pragma once
#include <cstdint>
#include <string>

#include "fake.hpp"

namespace fake {

// emulation.h declares the same structure for kernels.
struct EmuThread {
  Dimensions thread, block, threads, blocks;
  unsigned lane;
  void (*barrier)(int line);
  void (*warpBarrier)(int line);
  unsigned long long (*exchange)(unsigned long long bits, unsigned lane, int line);
  unsigned (*ballot)(int predicate, int line);
  void* (*shared)(const void* site, unsigned long long bytes, int line);
  void (*aligned)(const void* address, unsigned bytes, int line);
};

// A compiled kernel, as entries.cpp exports it.
struct Entry {
  std::string name;
  void (*call)(void** parameters) = nullptr;
  void (*bind)(EmuThread*) = nullptr;
  const unsigned* sizes = nullptr;  // bytes of each parameter, then 0
  unsigned most = 1024;             // threads of a block
};

// 0, or the status of what went wrong, which `failure` has recorded. One grid runs at a time in a process.
int runGrid(const Entry& entry, void** parameters, Dimensions grid, Dimensions block);

}  // namespace fake
