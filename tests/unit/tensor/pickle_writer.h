// Pickles made opcode by opcode, for tests of their reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ams {

// Appends opcodes of protocol 2; text() is the pickle with PROTO and STOP around them.
class PickleWriter {
 public:
  PickleWriter& raw(std::string_view opcodes);
  PickleWriter& string(std::string_view text);
  PickleWriter& integer(int32_t value);
  PickleWriter& global(std::string_view module, std::string_view name);
  PickleWriter& integers(const std::vector<int32_t>& values);  // a tuple

  struct Tensor {
    std::string storage_type = "FloatStorage";
    std::string key = "0";
    int32_t elements = 0;
    int32_t offset = 0;
    std::vector<int32_t> shape = {};
    std::vector<int32_t> stride = {};
  };
  PickleWriter& tensor(const Tensor& tensor);

  std::string text() const;

 private:
  std::string opcodes_;
};

}  // namespace ams
