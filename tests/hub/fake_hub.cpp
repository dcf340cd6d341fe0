#include "hub/fake_hub.h"

#include <algorithm>
#include <array>
#include <random>

#include <openssl/sha.h>

#include "base/json.h"
#include "base/sha256.h"

namespace ams {
namespace {}  // namespace

FakeReply ranged(const FakeRequest& request, const std::string& bytes, const std::string& etag) {
  FakeReply reply;
  reply.headers.emplace_back("ETag", "\"" + etag + "\"");
  if (!request.range) {
    reply.body = bytes;
    return reply;
  }
  const auto total = static_cast<int64_t>(bytes.size());
  const int64_t first = request.range->first;
  const int64_t last = std::min(request.range->second, total - 1);
  if (first > last) {
    reply.status = 416;
    return reply;
  }
  reply.status = 206;
  reply.headers.emplace_back(
      "Content-Range",
      "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(total));
  reply.body = bytes.substr(static_cast<size_t>(first), static_cast<size_t>(last - first + 1));
  return reply;
}

std::string git_blob_sha1(const std::string& bytes) {
  const std::string blob = "blob " + std::to_string(bytes.size()) + std::string(1, '\0') + bytes;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(blob.data()), blob.size(), digest.data());
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

std::string test_bytes(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

FakeHub::FakeHub() {
  storage_ = std::make_unique<FakeServer>([this](const FakeRequest& request) {
    if (storage_fault) {
      if (const auto reply = storage_fault(request)) return *reply;
    }
    return stored(request);
  });
  hub_ = std::make_unique<FakeServer>([this](const FakeRequest& request) {
    if (hub_fault) {
      if (const auto reply = hub_fault(request)) return *reply;
    }
    return answer(request);
  });
}

FakeReply FakeHub::stored(const FakeRequest& request) const {
  const std::string hash = request.target.substr(1, 64);
  for (const auto& [name, files_of_it] : repositories) {
    for (const auto& [path, file] : files_of_it) {
      if (sha256_of(file.bytes) == hash) return ranged(request, file.bytes, "s-" + hash);
    }
  }
  return {.status = 404};
}

FakeReply FakeHub::answer(const FakeRequest& request) const {
  const std::string& target = request.target;
  for (const auto& [name, files_of_it] : repositories) {
    if (target.starts_with("/api/models/" + name + "/revision/")) return listing(files_of_it);
    const std::string prefix = "/" + name + "/resolve/" + commit + "/";
    if (target.starts_with(prefix)) {
      return file(request, files_of_it, target.substr(prefix.size()));
    }
  }
  return {.status = 404};
}

FakeReply FakeHub::listing(const Files& listed) const {
  Json siblings = Json::array();
  for (const auto& [path, file] : listed) {
    Json entry = Json::object();
    entry.set("rfilename", path);
    if (lists_hashes) {
      entry.set("size", static_cast<int64_t>(file.bytes.size()));
      entry.set("blobId", git_blob_sha1(file.is_large ? "pointer" : file.bytes));
      if (file.is_large) {
        Json lfs = Json::object();
        lfs.set("sha256", sha256_of(file.bytes));
        lfs.set("size", static_cast<int64_t>(file.bytes.size()));
        lfs.set("pointerSize", 135);
        entry.set("lfs", lfs);
      }
    }
    siblings.push_back(entry);
  }
  Json document = Json::object();
  document.set("id", "org/name");
  document.set("sha", commit);
  document.set("siblings", siblings);
  return {.body = document.dump()};
}

FakeReply FakeHub::file(const FakeRequest& request,
                        const Files& listed,
                        const std::string& path) const {
  const auto found = listed.find(path);
  if (found == listed.end()) {
    return {.status = 404, .headers = {{"X-Error-Code", "EntryNotFound"}}};
  }
  const std::string& bytes = found->second.bytes;
  FakeReply reply;
  if (found->second.is_large) {
    const std::string hash = sha256_of(bytes);
    reply.status = 302;
    reply.headers = {{"Location", storage_->address() + "/" + hash + "?signature=secret"},
                     {"X-Linked-Etag", "\"" + hash + "\""},
                     {"X-Linked-Size", std::to_string(bytes.size())}};
  } else {
    reply = ranged(request, bytes, git_blob_sha1(bytes));
  }
  reply.headers.emplace_back("X-Repo-Commit", commit);
  return reply;
}

}  // namespace ams
