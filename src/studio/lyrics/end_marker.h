// Ends a text at the markers by which a model says in words that its lyrics are complete.
#pragma once

#include <string>
#include <string_view>

namespace ams {

// Markers: a line that holds nothing but "[end]", and "</lyrics>" anywhere; letter case does not
// count. What could still become a marker is held back. Not thread-safe.
class EndMarkerFilter {
 public:
  // The text that is now known to be lyrics. After a marker nothing comes any more.
  std::string push(std::string_view piece);

  // The text that was held back, once no more follows.
  std::string finish();

  bool found() const { return found_; }

 private:
  // Passes on what is in held_ but its last `kept` bytes.
  void release(size_t kept, std::string& out);
  void push(char byte, std::string& out);

  std::string held_;
  bool holds_line_ = true;  // held_ begins where its line begins
  bool found_ = false;
};

}  // namespace ams
