// Requests and responses as the handlers see them; nothing here knows the HTTP library.
#pragma once

#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ams {

// Takes the next piece of a body; false stops the reading.
using BodySink = std::function<bool(std::string_view)>;

// Takes the head of the next part of a multipart body; false stops the reading.
struct PartHead {
  std::string name;
  std::string file_name;
};
using PartSink = std::function<bool(const PartHead&)>;

// The body, read once, as it comes from the network. Both functions return false when the client
// went away, the form is broken, or a sink stopped.
struct RequestBody {
  std::function<bool(const BodySink&)> read;
  std::function<bool(const PartSink&, const BodySink&)> read_parts;
};

struct WebRequest {
  std::string method;
  std::string path;  // decoded: "/api/v1/jobs/j_1"
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  // names in lower case; of equal names the first
  std::optional<int64_t> content_length;
  RequestBody body;
  std::function<bool()> is_connected = [] { return true; };  // the client still waits

  // Empty if there is none.
  std::string_view header(const std::string& lower_case_name) const;
  std::string_view parameter(const std::string& name) const;
};

// Writes to a client that stays connected. Both return false once it is gone or the server stops.
struct StreamWriter {
  std::function<bool(std::string_view)> write;
  std::function<bool()> is_open;
};

// A part of a file, sent without reading it into memory. The open file survives its removal.
struct FileBody {
  std::shared_ptr<std::ifstream> file;  // shared, because responses are copied
  int64_t offset = 0;                   // bytes
  int64_t length = 0;
};

// Runs on the connection's thread until it returns; then the response ends.
using StreamBody = std::function<void(const StreamWriter&)>;

struct WebResponse {
  int status = 200;
  std::string content_type = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  // A text of its own, bytes of the program, a file, or a stream.
  std::variant<std::string, std::string_view, FileBody, StreamBody> body = {};
};

using WebHandler = std::function<WebResponse(const WebRequest&)>;

}  // namespace ams
