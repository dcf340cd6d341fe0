#include "base/size_text.h"

#include <array>
#include <iomanip>
#include <sstream>

namespace ams {

std::string size_text(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{" B", " kB", " MB", " GB", " TB"};
  constexpr double kStep = 1000.0;
  constexpr double kRoundsUp = 999.5;  // three digits would be four
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= kRoundsUp && unit + 1 < kUnits.size()) {
    value /= kStep;
    ++unit;
  }
  const int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  std::ostringstream text;
  text << std::fixed << std::setprecision(decimals) << value << kUnits.at(unit);
  return text.str();
}

}  // namespace ams
