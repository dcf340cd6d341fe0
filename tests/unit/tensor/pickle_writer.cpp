#include "unit/tensor/pickle_writer.h"

namespace ams {
namespace {

std::string little_endian(uint32_t value) {
  std::string digits;
  for (int i = 0; i < 4; ++i) digits += static_cast<char>((value >> (8 * i)) & 0xFFu);
  return digits;
}

}  // namespace

PickleWriter& PickleWriter::raw(std::string_view opcodes) {
  opcodes_ += opcodes;
  return *this;
}

PickleWriter& PickleWriter::string(std::string_view text) {
  return raw("X").raw(little_endian(static_cast<uint32_t>(text.size()))).raw(text);
}

PickleWriter& PickleWriter::integer(int32_t value) {
  return raw("J").raw(little_endian(static_cast<uint32_t>(value)));
}

PickleWriter& PickleWriter::global(std::string_view module, std::string_view name) {
  return raw("c").raw(module).raw("\n").raw(name).raw("\n");
}

PickleWriter& PickleWriter::integers(const std::vector<int32_t>& values) {
  raw("(");
  for (const int32_t value : values) integer(value);
  return raw("t");
}

PickleWriter& PickleWriter::tensor(const Tensor& tensor) {
  global("torch._utils", "_rebuild_tensor_v2").raw("((").string("storage");
  global("torch", tensor.storage_type).string(tensor.key).string("cpu").integer(tensor.elements);
  raw("tQ").integer(tensor.offset).integers(tensor.shape).integers(tensor.stride).raw("\x89");
  return global("collections", "OrderedDict").raw(")RtR");
}

std::string PickleWriter::text() const { return "\x80\x02" + opcodes_ + "."; }

}  // namespace ams
