// NVRTC: programs to images. An image is what cuModuleLoadData takes (modules.cpp): a header and a shared object of the host.
#include <algorithm>
#include <cstring>
#include <memory>

#include "compiler.hpp"
#include "image.hpp"
#include "registry.hpp"

namespace fake {

namespace {

// nvrtcResult
enum { NVRTC_SUCCESS = 0, NVRTC_INVALID_INPUT = 3, NVRTC_INVALID_PROGRAM = 4, NVRTC_INVALID_OPTION = 5, NVRTC_COMPILATION = 6 };

struct Program {
  std::string source, name, log, image;
};

Registry<Program>& programs = *new Registry<Program>("programs");

// Options of NVRTC's documentation that a program may be compiled with.
constexpr const char* OPTIONS[] = {"--std=", "-std=", "--fmad=", "-fmad=", "--ftz=", "--prec-div=", "--prec-sqrt=", "--device-debug", "-G",
                                   "--generate-line-info", "-lineinfo", "--maxrregcount=", "-default-device", "--define-macro=", "-D",
                                   "--restrict", "--extra-device-vectorization", "--disable-warnings", "-w", "--diag-suppress="};

// The capability of `--gpu-architecture=sm_90`; 0 for a virtual architecture, for which there is no cubin, -1 for no such option.
int architectureOf(const std::string& option) {
  for (std::string prefix : {"--gpu-architecture=", "-arch="})
    if (option.starts_with(prefix)) {
      std::string value = option.substr(prefix.size());
      return value.starts_with("sm_") ? std::atoi(value.c_str() + 3) : 0;
    }
  return -1;
}

bool isKnown(const std::string& option) {
  return std::any_of(std::begin(OPTIONS), std::end(OPTIONS), [&](const char* known) { return option.starts_with(known); });
}

}  // namespace

}  // namespace fake

using namespace fake;

#define PROGRAM(program, handle)                      \
  std::shared_ptr<Program> program = programs.find(handle); \
  if (program == nullptr) return NVRTC_INVALID_PROGRAM

EXPORT int nvrtcVersion(int* major, int* minor) {
  CALL(nvrtcVersion);
  *major = settings.compilerVersion / 1000;
  *minor = settings.compilerVersion % 1000 / 10;
  return NVRTC_SUCCESS;
}

EXPORT int nvrtcCreateProgram(void** handle, const char* source, const char* name, int headers, const char* const*, const char* const*) {
  CALL(nvrtcCreateProgram);
  if (handle == nullptr || source == nullptr || headers < 0) return NVRTC_INVALID_INPUT;
  *handle = programs.add(std::make_shared<Program>(Program{source, name == nullptr ? "default_program" : name, "", ""}));
  return NVRTC_SUCCESS;
}

EXPORT int nvrtcDestroyProgram(void** handle) {
  CALL(nvrtcDestroyProgram);
  if (handle == nullptr || programs.remove(*handle) == nullptr) return NVRTC_INVALID_PROGRAM;
  *handle = nullptr;
  return NVRTC_SUCCESS;
}

EXPORT int nvrtcCompileProgram(void* handle, int count, const char* const* options) {
  CALL(nvrtcCompileProgram);
  PROGRAM(program, handle);
  int architecture = 0;
  for (int i = 0; i < count; i++) {
    int value = architectureOf(options[i]);
    if (value >= 0) architecture = value;
    else if (!isKnown(options[i])) return program->log = std::string("nvrtc: error: invalid value for option ") + options[i], NVRTC_INVALID_OPTION;
  }
  keepProgram(program->source);
  Compiled compiled = compileProgram(program->source, program->name);
  program->log = compiled.log;
  if (!compiled.ok) return NVRTC_COMPILATION;
  if (architecture > 0) program->image = imageOf(architecture, compiled.path);
  return NVRTC_SUCCESS;
}

EXPORT int nvrtcGetProgramLogSize(void* handle, size_t* bytes) {
  CALL(nvrtcGetProgramLogSize);
  PROGRAM(program, handle);
  *bytes = program->log.size() + 1;
  return NVRTC_SUCCESS;
}

EXPORT int nvrtcGetProgramLog(void* handle, char* log) {
  CALL(nvrtcGetProgramLog);
  PROGRAM(program, handle);
  std::memcpy(log, program->log.c_str(), program->log.size() + 1);
  return NVRTC_SUCCESS;
}

EXPORT int nvrtcGetCUBINSize(void* handle, size_t* bytes) {
  CALL(nvrtcGetCUBINSize);
  PROGRAM(program, handle);
  *bytes = program->image.size();
  return NVRTC_SUCCESS;
}

EXPORT int nvrtcGetCUBIN(void* handle, char* image) {
  CALL(nvrtcGetCUBIN);
  PROGRAM(program, handle);
  std::memcpy(image, program->image.data(), program->image.size());
  return NVRTC_SUCCESS;
}
