// PyTorch archives: the input as an archive, and as the pickle of a sound archive.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "support/zip_writer.h"
#include "tensor/torch_archive.h"

namespace {

volatile uint64_t g_sum = 0;  // keeps the reads below

void parse(std::span<const std::byte> bytes) {
  try {
    const ams::TorchArchive archive = ams::parse_torch_archive(bytes, "input");
    for (const ams::StoredTensor& tensor : archive.tensors->tensors()) {
      for (const std::byte byte : tensor.bytes) g_sum = g_sum + std::to_integer<uint64_t>(byte);
    }
  } catch (const ams::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  parse(std::as_bytes(std::span(data, size)));
  const std::string pickle(reinterpret_cast<const char*>(data), size);
  const std::string storage(48, '\1');
  parse(ams::make_zip({{"a/data.pkl", pickle}, {"a/data/0", storage}, {"a/data/1", storage}}));
  return 0;
}
