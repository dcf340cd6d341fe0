// The Hub's endpoints as far as downloads use them: a listing of a revision, and files that are
// either sent at once (small) or from a storage host that a redirect leads to (large).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "hub/fake_server.h"

namespace ams {

struct FakeFile {
  std::string bytes;
  bool is_large = false;  // stored by SHA-256 on the storage host
};

class FakeHub {
 public:
  // What happens instead of the proper answer; absent: nothing.
  using Fault = std::function<std::optional<FakeReply>(const FakeRequest&)>;

  FakeHub();

  using Files = std::map<std::string, FakeFile>;  // by path

  std::map<std::string, Files> repositories;
  Files& files = repositories["org/name"];
  std::string commit = std::string(39, 'a') + "1";
  bool lists_hashes = true;
  Fault hub_fault;      // of requests to the endpoint
  Fault storage_fault;  // of requests to the storage host

  FakeServer& hub() { return *hub_; }
  FakeServer& storage() { return *storage_; }
  // The proper answer of the storage host.
  FakeReply stored(const FakeRequest& request) const;
  // Requests to the storage host.
  size_t storage_requests() const { return storage_->requests().size(); }

 private:
  FakeReply answer(const FakeRequest& request) const;
  FakeReply listing(const Files& listed) const;
  FakeReply file(const FakeRequest& request, const Files& listed, const std::string& path) const;

  std::unique_ptr<FakeServer> storage_;
  std::unique_ptr<FakeServer> hub_;
};

// Part of `bytes` with the status and headers of a range request, if it was one.
FakeReply ranged(const FakeRequest& request, const std::string& bytes, const std::string& etag);

// git's name of a file's content.
std::string git_blob_sha1(const std::string& bytes);

// `count` bytes that look random and are the same each time.
std::string test_bytes(size_t count, uint32_t seed = 1);

}  // namespace ams
