// The files of the page, embedded in the program by cmake/web.cmake. Empty when it was built
// without Node.js.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ams {

struct PageFile {
  std::string_view path;  // of the URL: "/", "/assets/index-9iRWc9ar.js"
  std::string_view mime;
  std::string_view etag;  // quoted, as the header wants it
  bool is_gzip;           // the content is compressed; else it is sent as it is
  bool is_immutable;      // its name changes with its content
  std::span<const uint8_t> content;
};

// Sorted by path. Immutable; thread-safe.
std::span<const PageFile> page_files();

// The value of Content-Security-Policy for every file of the page; empty without a page.
std::string_view page_security_policy();

}  // namespace ams
