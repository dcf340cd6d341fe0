// How downloads behave. Filled by the front end from the environment; nothing here reads it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace ams {

struct HubOptions {
  std::string endpoint = "https://huggingface.co";  // http or https, without a path at its end
  std::string token = {};  // sent to the endpoint only, and only over https or to this machine
  std::filesystem::path cache = {};   // the cache shared with the Hub's own clients; empty: none
  std::filesystem::path models = {};  // our folder: for files from elsewhere, and for all downloads
                                      // when the cache cannot be written; empty: none
  std::filesystem::path plain = {};   // not empty: everything goes here as plain files instead
  bool offline = false;               // never touch the network
  int connections = 4;                // of one file at a time, 1 to 16
  int attempts = 6;                   // in a row without a new byte before an error is final
  int64_t piece_bytes = int64_t{64} << 20;  // one range request
  int64_t spare_bytes = 2'000'000'000;      // what a download must leave free on the disk
  std::chrono::milliseconds connect_timeout{20'000};
  std::chrono::milliseconds stall_timeout{30'000};  // below 1 kB/s for so long ends a connection
  std::chrono::milliseconds first_delay{1'000};     // before the second attempt; doubles each time
  std::chrono::milliseconds max_delay{60'000};      // also the longest Retry-After that is obeyed
};

}  // namespace ams
