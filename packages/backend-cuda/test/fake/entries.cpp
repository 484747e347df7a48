// A kernel is `KERNEL(threads) name(parameters) {` or `KERNEL(threads, blocks) ...`. Each parameter ends with its name.
#include "entries.hpp"

#include <cctype>

namespace fake {

namespace {

bool isWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::string trimmed(const std::string& text) {
  size_t from = text.find_first_not_of(" \t\n"), to = text.find_last_not_of(" \t\n");
  return from == std::string::npos ? "" : text.substr(from, to - from + 1);
}

// The text between the parenthesis at `at` and its partner, behind which `at` stands afterwards.
std::string parenthesised(const std::string& source, size_t& at) {
  size_t from = at + 1;
  int depth = 0;
  for (; at < source.size(); at++) {
    if (source[at] == '(') depth++;
    if (source[at] == ')' && --depth == 0) return source.substr(from, at++ - from);
  }
  return "";
}

std::string withoutName(const std::string& parameter) {
  size_t end = parameter.size();
  while (end > 0 && isWord(parameter[end - 1])) end--;
  return trimmed(parameter.substr(0, end));
}

std::vector<std::string> typesOf(const std::string& parameters) {
  std::vector<std::string> types;
  std::string rest = trimmed(parameters);
  if (rest.empty() || rest == "void") return types;
  for (size_t from = 0, to; from <= rest.size(); from = to + 1) {
    to = std::min(rest.find(',', from), rest.size());
    types.push_back(withoutName(trimmed(rest.substr(from, to - from))));
  }
  return types;
}

bool isDirective(const std::string& source, size_t at) {
  size_t line = source.rfind('\n', at);
  size_t first = source.find_first_not_of(" \t", line == std::string::npos ? 0 : line + 1);
  return first < source.size() && source[first] == '#';
}

}  // namespace

std::vector<KernelText> findKernels(const std::string& source) {
  static const std::string keyword = "KERNEL";
  std::vector<KernelText> kernels;
  for (size_t at = 0; (at = source.find(keyword, at)) != std::string::npos;) {
    size_t start = at;
    at += keyword.size();
    if ((start > 0 && isWord(source[start - 1])) || source[at] != '(' || isDirective(source, start)) continue;
    std::string bounds = parenthesised(source, at), most = trimmed(bounds.substr(0, bounds.find(',')));
    size_t open = source.find('(', at);
    if (open == std::string::npos) break;
    std::string name = trimmed(source.substr(at, open - at));
    at = open;
    kernels.push_back({name, most, typesOf(parenthesised(source, at))});
  }
  return kernels;
}

std::string entriesOf(const std::vector<KernelText>& kernels) {
  std::string text = "\n";
  for (auto& [name, most, types] : kernels) {
    std::string arguments, sizes;
    for (size_t i = 0; i < types.size(); i++) {
      arguments += (i > 0 ? ", " : "") + ("*(" + types[i] + " *)p[" + std::to_string(i) + "]");
      sizes += "sizeof(" + types[i] + "), ";
    }
    text += "EMU_C void emu_call_" + name + "(void **p) { (void)p; " + name + "(" + arguments + "); }\n";
    text += "EMU_C const unsigned emu_sizes_" + name + "[] = {" + sizes + "0};\n";
    text += "EMU_C const unsigned emu_most_" + name + " = " + most + ";\n";
  }
  return text;
}

}  // namespace fake
