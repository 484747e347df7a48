// Finds the kernels of a program.
#pragma once
#include <string>
#include <vector>

namespace fake {

struct KernelText {
  std::string name;
  std::string most;                // the first argument of KERNEL
  std::vector<std::string> types;  // of the parameters
};

std::vector<KernelText> findKernels(const std::string& source);
// Functions that call the kernels with CUDA's `void** kernelParams`, and what the driver must know of them; stands behind the program.
std::string entriesOf(const std::vector<KernelText>& kernels);

}  // namespace fake
