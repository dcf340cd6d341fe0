#include "server/library_adapter.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <fstream>
#include <memory>
#include <utility>

#include "api/problem_json.h"
#include "server/problem_response.h"

namespace ams {
namespace {

constexpr size_t kMaxTargetBytes = 4096;  // the library matches paths recursively
constexpr size_t kFileBlockBytes = size_t{64} << 10;

std::optional<int64_t> parse_length(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

bool has_chunks(const httplib::Request& request) { return request.has_header("Transfer-Encoding"); }

bool brings_body(const httplib::Request& request) {
  return has_chunks(request) || request.get_header_value("Content-Length") != "0";
}

// Bodies whose length two readers could understand differently are refused (RFC 9112, 6.3).
bool has_clear_length(const httplib::Request& request) {
  const size_t lengths = request.get_header_value_count("Content-Length");
  if (lengths > 1 || request.get_header_value_count("Transfer-Encoding") > 1) return false;
  if (has_chunks(request)) {
    return lengths == 0 && request.get_header_value("Transfer-Encoding") == "chunked";
  }
  return lengths == 0 || parse_length(request.get_header_value("Content-Length")).has_value();
}

WebRequest translate(const httplib::Request& request, RequestBody body) {
  WebRequest out;
  out.method = request.method;
  out.path = request.path;
  for (const auto& [name, value] : request.params) out.query.emplace(name, value);
  for (const auto& [name, value] : request.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
      return static_cast<char>(std::tolower(c));
    });
    out.headers.emplace(lower, value);
  }
  if (!has_chunks(request)) {
    out.content_length = parse_length(request.get_header_value("Content-Length"));
  }
  out.body = std::move(body);
  if (request.progress) out.is_connected = [ask = request.progress] { return ask(0, 0); };
  return out;
}

RequestBody no_body() {
  return {[](const BodySink&) { return true; },
          [](const PartSink&, const BodySink&) { return false; }};
}

RequestBody body_of(const httplib::ContentReader& reader) {
  return {
      [&reader](const BodySink& sink) {
        return reader(
            [&](const char* bytes, size_t size) { return sink(std::string_view(bytes, size)); });
      },
      [&reader](const PartSink& part, const BodySink& sink) {
        return reader(
            [&](const httplib::MultipartFormData& head) {
              return part({head.name, head.filename});
            },
            [&](const char* bytes, size_t size) { return sink(std::string_view(bytes, size)); });
      }};
}

// Sends the part of the file that the library asks for.
httplib::ContentProvider file_provider(const FileBody& body) {
  return [file = body.file, start = body.offset](
             size_t offset, size_t length, httplib::DataSink& sink) {
    std::array<char, kFileBlockBytes> block{};
    file->clear();
    file->seekg(start + static_cast<int64_t>(offset));
    file->read(block.data(), static_cast<std::streamsize>(std::min(length, block.size())));
    const auto count = static_cast<size_t>(file->gcount());
    return count > 0 && sink.write(block.data(), count);
  };
}

void set_body(httplib::Response& response, WebResponse&& answer) {
  if (auto* text = std::get_if<std::string>(&answer.body)) {
    response.body = std::move(*text);
    if (!answer.content_type.empty()) response.set_header("Content-Type", answer.content_type);
  } else if (const auto* bytes = std::get_if<std::string_view>(&answer.body)) {
    response.set_content_provider(
        bytes->size(),
        answer.content_type,
        [all = *bytes](size_t offset, size_t length, httplib::DataSink& sink) {
          return sink.write(all.data() + offset, length);
        });
  } else if (const auto* file = std::get_if<FileBody>(&answer.body)) {
    if (file->length > 0) {
      response.set_content_provider(
          static_cast<size_t>(file->length), answer.content_type, file_provider(*file));
    }
  } else {
    response.set_chunked_content_provider(
        answer.content_type,
        [run = std::get<StreamBody>(answer.body)](size_t, httplib::DataSink& sink) {
          run({[&](std::string_view piece) { return sink.write(piece.data(), piece.size()); },
               sink.is_writable});
          sink.done();
          return true;
        });
  }
}

}  // namespace

LibraryAdapter::LibraryAdapter(WebHandler handler) : handler_(std::move(handler)) {
  svr_sock_ = 0;  // writing a body ends early while there is no server socket
  set_keep_alive_max_count(kMaxRequestsPerConnection);  // only told to clients
  set_keep_alive_timeout(
      std::chrono::duration_cast<std::chrono::seconds>(ConnectionLimits().idle).count());
  set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    const bool is_post = request.method == "POST";
    if (is_post && has_clear_length(request) && request.path.size() <= kMaxTargetBytes &&
        brings_body(request)) {
      return HandlerResponse::Unhandled;  // to the handler below, which can read the body
    }
    answer(request, response, no_body());
    return HandlerResponse::Handled;
  });
  Post(
      R"([^]*)",
      [this](const httplib::Request& request,
             httplib::Response& response,
             const httplib::ContentReader& reader) { answer(request, response, body_of(reader)); });
  // What the library answers by itself, it answers without a body.
  set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (!response.body.empty() || response.content_provider_) return;
    const bool is_long = response.status == 414;
    response.body = problem_json(is_long ? Problem{.code = "too_large",
                                                   .title = "The address is too long",
                                                   .message = "Shorten the request's address."}
                                         : Problem{.code = "invalid_request",
                                                   .title = "Not an HTTP request",
                                                   .message = "The request's head is malformed."})
                        .dump();
    response.set_header("Content-Type", "application/json");
  });
}

void LibraryAdapter::answer(const httplib::Request& request,
                            httplib::Response& response,
                            RequestBody body) {
  WebResponse made;
  if (!has_clear_length(request)) {
    made = problem_response(400,
                            {.code = "invalid_request",
                             .title = "The body's length is unclear",
                             .message = "Send one Content-Length, or chunks, not both."});
  } else if (request.path.size() > kMaxTargetBytes) {
    made = problem_response(414,
                            {.code = "too_large",
                             .title = "The address is too long",
                             .message = "Shorten the request's address."});
  } else {
    made = handler_(translate(request, std::move(body)));
  }
  response.status = made.status;
  for (const auto& [name, value] : made.headers) response.set_header(name, value);
  set_body(response, std::move(made));
}

bool LibraryAdapter::serve_request(Connection& connection, bool is_last) {
  bool is_closed = false;
  bool is_understood = false;  // else nobody knows where the next request would begin
  const bool is_answered =
      process_request(connection, is_last, is_closed, [&](httplib::Request& request) {
        is_understood = has_clear_length(request);
        // Without a length the library would read until the client closes.
        if (!has_chunks(request) && !request.has_header("Content-Length")) {
          request.set_header("Content-Length", "0");
        }
        request.headers.erase("Accept-Encoding");   // nothing is compressed on the way
        request.headers.erase("Content-Encoding");  // nor unpacked: limits count what arrives
        const auto length = parse_length(request.get_header_value("Content-Length"));
        // Of no use to the library in a server; here it carries a question to the handler.
        request.progress = [&connection](uint64_t, uint64_t) { return connection.is_writable(); };
        connection.expect_body(length.value_or(0), has_chunks(request));
      });
  return is_answered && !is_closed && is_understood;
}

}  // namespace ams
