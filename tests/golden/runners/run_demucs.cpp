// demucs/: a segment with every stage, a short one, and whole songs.
#include <algorithm>

#include "base/str.h"
#include "golden/runner.h"
#include "nets/htdemucs_separator.h"

namespace ams::golden {
namespace {

// [1, 2, N] -> [2, N].
FloatArray without_batch(FloatArray array) {
  array.shape.erase(array.shape.begin());
  return array;
}

// A batch of one in front, and the last `kept` (or first, if `first`) values of the last dimension.
FloatArray cut_last(const FloatArray& array, int64_t kept, bool first) {
  std::vector<int64_t> shape = array.shape;
  const int64_t length = shape.back();
  shape.back() = kept;
  FloatArray cut(shape);
  const int64_t offset = first ? 0 : length - kept;
  for (int64_t row = 0; row < array.size() / length; ++row) {
    std::copy_n(array.data.begin() + row * length + offset, kept, cut.data.begin() + row * kept);
  }
  return cut;
}

// Compares with a recorded tensor that may hold a part of the last dimension only.
void check_part(const GoldenCase& golden,
                Comparison& comparison,
                const std::string& name,
                FloatArray value,
                bool first) {
  if (!golden.has(name)) return;
  const std::vector<int64_t> shape = golden.shape(name);
  value = cut_last(value, std::min(shape.back(), value.shape.back()), first);
  while (value.shape.size() > 1 && value.shape.front() == 1) value.shape.erase(value.shape.begin());
  while (value.shape.size() < shape.size()) value.shape.insert(value.shape.begin(), 1);
  comparison.check(name, value);
}

}  // namespace

void run_demucs(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const auto separator = HtdemucsSeparator::load(context.checkpoint("htdemucs"), *context.device);
  const FloatArray mix = without_batch(golden.floats("in.mix"));
  if (golden.has("out.stems")) {
    separator->network(0).observe([&](std::string_view name, const FloatArray& value) {
      check_part(golden, comparison, str("mid.", name), value, /*first=*/true);
    });
    const FloatArray stems = separator->network(0).separate_segment(mix);
    check_part(golden, comparison, "out.stems", stems, /*first=*/false);
    return;
  }
  SeparateOptions options;
  options.overlap = golden.params().get("overlap", 0.25);
  check_part(
      golden, comparison, "out.apply_model", separator->apply(mix, options), /*first=*/false);
  check_part(
      golden, comparison, "out.separate", separator->separate(mix, options), /*first=*/false);
}

}  // namespace ams::golden
