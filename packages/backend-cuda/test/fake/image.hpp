// The "cubin": like a real one it says its own length, and for which capability it is.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>

#include "compiler.hpp"

namespace fake {

struct ImageHeader {
  char magic[8];
  uint64_t capability, bytes, hash;
  char file[48];  // in the folder of compiled programs, where it may still be
};
constexpr char IMAGE_MAGIC[9] = "FAKECUBN";

inline std::string imageOf(int capability, const std::string& path) {
  std::string object = readFile(path), file = path.substr(path.rfind('/') + 1);
  ImageHeader header{{}, static_cast<uint64_t>(capability), object.size(), hashOf(object), {}};
  file.copy(header.file, sizeof header.file - 1);
  std::memcpy(header.magic, IMAGE_MAGIC, 8);
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + object;
}

}  // namespace fake
