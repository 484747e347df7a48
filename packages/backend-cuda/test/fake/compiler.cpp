// tcc takes 5 ms for a program and g++ 60, so tcc compiles where nobody asks for g++: `set compiler g++` optimises, and `set flags` adds
// sanitizers.
#include "compiler.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "entries.hpp"
#include "fake.hpp"

#ifndef EMULATION_HEADER
#error "build.ts defines EMULATION_HEADER (a path) and PROGRAM_CACHE (a folder)"
#endif

extern char** environ;

namespace fake {

namespace {

bool isInPath(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  return false;
}

std::string chosenCompiler() {
  if (settings.compiler != "auto") return settings.compiler;
  static const bool hasTcc = isInPath("tcc");
  if (hasTcc) return "tcc";
  static const int once = std::fprintf(stderr, "fake cuda: there is no tcc, so g++ compiles the kernels, ten times slower\n");
  return (void)once, "g++";
}

std::vector<std::string> commandOf(const std::string& compiler) {
  if (compiler == "tcc") return {"tcc", "-shared", "-Wall", "-Werror"};
  // Overflow wraps and types alias as on a GPU; contraction would change bits.
  return {compiler, "-x", "c++", "-std=c++17", "-O1", "-g1", "-shared", "-fPIC", "-w", "-fwrapv", "-fno-strict-aliasing", "-ffp-contract=off"};
}

void addWords(std::vector<std::string>& command, const std::string& words) {
  std::istringstream stream(words);
  for (std::string word; stream >> word;) command.push_back(word);
}

// The exit status; what it printed is in `log`.
int run(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child = 0;
  int problem = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) return 127;
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

std::string uniqueName() {
  static std::atomic<unsigned> counter{0};
  return "." + std::to_string(getpid()) + "-" + std::to_string(counter++);
}

// tcc puts the folder before the program's name.
std::string without(std::string text, const std::string& part) {
  for (size_t at; (at = text.find(part)) != std::string::npos;) text.erase(at, part.size());
  return text;
}

const std::string& emulationHash() {
  static const std::string& hash = *new std::string(std::to_string(hashOf(readFile(EMULATION_HEADER))));
  return hash;
}

}  // namespace

std::string readFile(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

bool writeFile(const std::string& path, const std::string& bytes) {
  std::string temporary = path + uniqueName();
  if (!(std::ofstream(temporary, std::ios::binary) << bytes)) return false;
  return std::rename(temporary.c_str(), path.c_str()) == 0;
}

uint64_t hashOf(const std::string& bytes) {  // FNV-1a
  uint64_t hash = 14695981039346656037ull;
  for (unsigned char c : bytes) hash = (hash ^ c) * 1099511628211ull;
  return hash;
}

std::string cached(const std::string& file) {
  std::string folder = settings.cache.empty() ? PROGRAM_CACHE : settings.cache;
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  return folder + "/" + file;
}

Compiled compileProgram(const std::string& source, const std::string& name) {
  std::string compiler = chosenCompiler();
  std::vector<std::string> command = commandOf(compiler);
  addWords(command, settings.flags);
  std::string text = "# 1 \"" + name + "\"\n" + source + entriesOf(findKernels(source)), key = emulationHash();
  for (auto& word : command) key += ' ' + word;
  char id[40];
  std::snprintf(id, sizeof id, "%016llx%016llx", (unsigned long long)hashOf(key + text), (unsigned long long)hashOf(text + key));
  std::string path = cached(id + std::string(".so"));
  // Touched, since build.ts throws away what nobody used for long.
  if (utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0) return {true, "", path};

  std::string temporary = path + uniqueName(), file = temporary + ".c", log = temporary + ".log";
  if (!writeFile(file, text)) return {false, "cannot write " + file, ""};
  for (const std::string& word : {std::string("-include"), std::string(EMULATION_HEADER), std::string("-o"), temporary, file, std::string("-lm")})
    command.push_back(word);
  int status = run(command, log);
  Compiled result{status == 0, without(readFile(log), cached("")), path};
  std::remove(log.c_str());
  std::remove(file.c_str());
  if (status == 127) result.log = compiler + " cannot be started";
  if (status == 0) std::rename(temporary.c_str(), path.c_str());
  else std::remove(temporary.c_str());
  return result;
}

}  // namespace fake
