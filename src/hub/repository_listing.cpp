#include "hub/repository_listing.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/str.h"
#include "hub/hub_cache.h"

namespace ams {
namespace {

constexpr int64_t kMaxFiles = 100'000;
constexpr int64_t kMaxFileBytes = int64_t{1} << 40;

[[noreturn]] void throw_listing_error(const HubSession& session,
                                      const std::string& repository,
                                      const std::string& problem) {
  throw Error(ErrorCode::Network,
              str("hub: ",
                  session.endpoint().host,
                  " lists ",
                  repository,
                  " with ",
                  problem,
                  "; is HF_ENDPOINT the address of a Hub?"));
}

// The hash of a "siblings" entry: of the content for large files, of git's blob for small ones.
std::optional<FileHash> listed_hash(const Json& entry) {
  if (entry.contains("lfs") && entry.at("lfs").is_object()) {
    return parse_file_hash(entry.at("lfs").get("sha256", ""));
  }
  return parse_file_hash(entry.get("blobId", ""));
}

int64_t parse_size(const std::string& text) {
  int64_t bytes = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return error == std::errc() && end == text.data() + text.size() ? bytes : -1;
}

// Mirrors leave hashes and sizes out of their listings; the headers of the file have them.
FileGoal ask_for_goal(HubSession& session, const RemoteFile& file, const std::stop_token& stop) {
  RetryPause pause(session.options());
  for (;;) {
    const HubAnswer answer = session.head(file.address, stop);
    const bool is_redirect = answer.reply.status >= 300 && answer.reply.status < 400;
    if (!answer.reply.broken.empty() || (answer.reply.status != 200 && !is_redirect)) {
      pause.wait(answer, file.what, stop);
      continue;
    }
    const std::string etag =
        answer.linked_etag.empty() ? answer.reply.header("etag") : answer.linked_etag;
    const std::string size = answer.linked_size.empty() && !is_redirect
                                 ? answer.reply.header("content-length")
                                 : answer.linked_size;
    const std::optional<FileHash> hash = parse_file_hash(etag);
    if (hash && parse_size(size) >= 0) return {*hash, parse_size(size)};
    throw_listing_error(session, file.what, "neither hash nor size");
  }
}

ListedFile read_entry(const RepositoryFiles& wanted,
                      const std::string& commit,
                      const Json& entry,
                      const HubSession& session) {
  ListedFile file;
  file.path = entry.at("rfilename").as_string();
  file.remote.what = str(file.path, " of ", wanted.repository);
  file.remote.address = str(session.options().endpoint,
                            "/",
                            wanted.repository,
                            "/resolve/",
                            commit,
                            "/",
                            percent_encode(file.path, "/"));
  file.remote.goal.bytes = entry.get("size", int64_t{-1});
  file.remote.goal.hash = listed_hash(entry).value_or(FileHash{});
  return file;
}

RepositoryListing read_listing(const RepositoryFiles& wanted,
                               const Json& document,
                               const HubSession& session) {
  RepositoryListing listing;
  listing.commit = document.at("sha").as_string();
  if (!is_commit(listing.commit)) {
    throw_listing_error(session, wanted.repository, "a commit that is none");
  }
  const Json siblings = document.at("siblings");
  if (siblings.size() > kMaxFiles) {
    throw_listing_error(session, wanted.repository, str(siblings.size(), " files"));
  }
  std::set<std::string> seen;
  for (int64_t i = 0; i < siblings.size(); ++i) {
    const ListedFile file = read_entry(wanted, listing.commit, siblings.at(i), session);
    if (!matches_any(wanted.patterns, file.path)) continue;
    if (!is_safe_path(file.path) || !seen.insert(file.path).second) {
      throw_listing_error(session, wanted.repository, "a file name that is not allowed");
    }
    listing.files.push_back(file);
  }
  return listing;
}

}  // namespace

RepositoryListing list_repository(const RepositoryFiles& wanted,
                                  HubSession& session,
                                  const std::stop_token& stop) {
  check_repository_name(wanted.repository);
  check_revision(wanted.revision);
  const std::string address = str(session.options().endpoint,
                                  "/api/models/",
                                  wanted.repository,
                                  "/revision/",
                                  percent_encode(wanted.revision),
                                  "?blobs=true");
  const std::string what = wanted.revision == "main"
                               ? wanted.repository
                               : str("revision ", wanted.revision, " of ", wanted.repository);
  const Json document = session.get_json(address, what, stop);
  RepositoryListing listing;
  try {
    listing = read_listing(wanted, document, session);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::InvalidRequest) throw;
    throw_listing_error(
        session, wanted.repository, str("an entry that is none (", error.what(), ")"));
  }
  if (listing.files.empty()) {
    throw Error(ErrorCode::NotFound,
                str("hub: ", what, " has none of the files that were asked for; is it a model?"));
  }
  for (ListedFile& file : listing.files) {
    FileGoal& goal = file.remote.goal;
    if (goal.hash.hex.empty() || goal.bytes < 0) goal = ask_for_goal(session, file.remote, stop);
    if (goal.bytes > kMaxFileBytes) {
      throw_listing_error(session, file.remote.what, str(goal.bytes, " bytes"));
    }
  }
  // Configurations and indices first: they say what else is needed if this is interrupted.
  std::stable_sort(listing.files.begin(), listing.files.end(), [](const auto& a, const auto& b) {
    return a.remote.goal.bytes < b.remote.goal.bytes;
  });
  return listing;
}

}  // namespace ams
