// Compiles programs for the host and keeps them on disk by their content.
#pragma once
#include <cstdint>
#include <string>

namespace fake {

struct Compiled {
  bool ok;
  std::string log;
  std::string path;  // of the shared object
};

Compiled compileProgram(const std::string& source, const std::string& name);
// A file in the folder of compiled programs.
std::string cached(const std::string& file);
uint64_t hashOf(const std::string& bytes);
std::string readFile(const std::string& path);
// Atomic: another process sees the whole file or none.
bool writeFile(const std::string& path, const std::string& bytes);

}  // namespace fake
