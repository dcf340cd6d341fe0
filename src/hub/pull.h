// Fetches model files: from a Hub repository into the cache that the Hub's own clients share, or
// from a web address with a known hash. A file has its name only after its hash was right; what an
// interrupted download had is kept and continued.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hub/hub_options.h"

namespace ams {

// Some files of a repository.
struct RepositoryFiles {
  std::string repository;               // "org/name"
  std::string revision = "main";        // branch, tag or commit
  std::vector<std::string> patterns{};  // globs whose '*' also matches '/'; empty: every file
  // Of them, what a complete download has at least; empty: not known, then a download that broke
  // off is the only sign of a gap.
  std::vector<std::string> required{};
};

// A file that is not on the Hub.
struct WebFile {
  std::string url;
  std::string folder;  // below the models folder
  std::string name;    // in it
  std::string sha256;
  int64_t bytes = 0;
};

using PullItem = std::variant<RepositoryFiles, WebFile>;

enum class PullPhase { Listing, Waiting, Downloading, Verifying };

std::string_view pull_phase_name(PullPhase phase);  // "listing", "waiting", …

// One moment. `bytes` and `total` span all items of the call; 0 while they are not known.
struct PullProgress {
  PullPhase phase = PullPhase::Listing;
  std::string_view component;  // "acestep-v15-xl-sft/model-00001-of-00004.safetensors"
  int64_t bytes = 0;           // there and verified, or downloaded
  int64_t total = 0;
  double bytes_per_second = 0;           // of the last seconds; 0: not known
  std::optional<double> seconds_left{};  // absent while the speed is not known
};

// What a download gets from its caller. The callback runs on the calling thread, about ten times a
// second, and must be quick.
struct PullContext {
  std::stop_token stop{};
  std::function<void(const PullProgress&)> progress = [](const PullProgress&) {};
};

struct PulledItem {
  std::string source;            // the repository, or the web address
  std::string commit;            // of the repository; empty for a web file
  std::filesystem::path folder;  // holds the files under their names
  int64_t bytes = 0;             // of all its files
  int64_t bytes_fetched = 0;     // of them, what had to come over the network now
};

// Fetches what is not there yet, one item after the other; the order of the result is that of
// `items`. Blocks; returns when everything is there and verified. Several processes may fetch the
// same at once: one does, the others wait for it.
// Throws Cancelled on stop, with what is there kept for the next call; Network (host, status, what
// to do) also when offline; NotFound for an unknown repository, revision or file; OutOfMemory when
// the disk has no room; InvalidRequest for malformed names; Internal if no folder can be written.
std::vector<PulledItem> pull(std::span<const PullItem> items,
                             const HubOptions& options,
                             const PullContext& context);

// What is on this machine of an item, by looking at the disk only.
struct LocalItem {
  std::filesystem::path folder;  // empty: nothing is there
  int64_t bytes = 0;             // of finished files
  int64_t unfinished_bytes = 0;  // kept of interrupted downloads
  bool is_complete = false;      // what is required is there, and every part of it
};

// Never touches the network. Thread-safe.
LocalItem find_local(const PullItem& item, const HubOptions& options);

}  // namespace ams
