// Seconds -> padding and latent frames, against the recorded rule of the reference.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "studio/modes/song_source.h"

namespace ams {
namespace {

constexpr int64_t kRate = 48000;
constexpr int64_t kHop = 1920;

RepaintSpan span_of(const Json& in) {
  RepaintSpan span;
  span.start_seconds = in.at("start").is_null() ? 0.0 : in.at("start").as_double();
  if (!in.at("end").is_null()) span.end_seconds = in.at("end").as_double();
  return span;
}

TEST(PadSpan, follows_the_recorded_ranges) {
  const Json cases = Json::parse_file(std::string(AMS_TEST_SOURCE_DIR) +
                                      "/tests/golden/data/handler/repaint_ranges.json");
  int64_t checked = 0;
  for (int64_t i = 0; i < cases.size(); ++i) {
    const Json entry = cases.at(i);
    const Json span = entry.at("span");
    if (span.size() < 3) continue;  // the reference found no range
    const double seconds = entry.at("in").at("source_seconds").as_double();
    const auto samples = static_cast<int64_t>(seconds * kRate);
    const PaddedSpan padded = pad_span(span_of(entry.at("in")), samples, kRate, kHop);
    SCOPED_TRACE(entry.dump());
    EXPECT_NEAR(padded.start_seconds, entry.at("start").at(0).as_double(), 1e-9);
    EXPECT_NEAR(padded.end_seconds, entry.at("end").at(0).as_double(), 1e-9);
    EXPECT_EQ(padded.leading_samples, entry.at("leading_zeros").as_int());
    EXPECT_EQ(samples + padded.leading_samples + padded.trailing_samples,
              entry.at("samples").as_int());
    EXPECT_EQ(padded.first_frame, span.at(1).as_int());
    EXPECT_EQ(padded.end_frame, span.at(2).as_int());
    ++checked;
  }
  EXPECT_GE(checked, 5);
}

TEST(PadSpan, refuses_an_empty_segment) {
  EXPECT_THROW(pad_span({.start_seconds = 3.0, .end_seconds = 3.0}, kRate * 6, kRate, kHop), Error);
}

}  // namespace
}  // namespace ams
